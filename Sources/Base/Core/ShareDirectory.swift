import Foundation

/// Where `db/` and `sql/` are read from: the checkout, or the installed share directory.
public enum ShareDirectory {
    /// Looks upwards from the running program, then at the installed places. Nil when there is none.
    ///
    /// - `FITNESSD_SHARE_DIR` wins (set by the container image and by packagers);
    /// - then each folder above the executable that holds `db/migrations` (a checkout: `.build/…/fitnessd`);
    /// - then `../share/fitnessd` beside the executable's folder, `/usr/local/share/fitnessd`, `/usr/share/fitnessd`.
    public static func find(environment: [String: String] = ProcessInfo.processInfo.environment) -> URL? {
        candidates(environment: environment).first { folder in
            var isDirectory: ObjCBool = false
            let path = folder.appending(path: "db/migrations").path
            return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
        }
    }

    private static func candidates(environment: [String: String]) -> [URL] {
        var folders: [URL] = []
        if let set = environment["FITNESSD_SHARE_DIR"], !set.isEmpty { folders.append(URL(filePath: set)) }
        let executable =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        var folder = URL(filePath: executable).deletingLastPathComponent()
        folders.append(folder.appending(path: "../share/fitnessd").standardizedFileURL)
        while folder.path != "/" {
            folders.append(folder)
            folder = folder.deletingLastPathComponent()
        }
        return folders + [URL(filePath: "/usr/local/share/fitnessd"), URL(filePath: "/usr/share/fitnessd")]
    }
}
