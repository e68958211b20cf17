import Foundation

/// The folder that holds `db/`, `sql/` and `web/`: the checkout, or the installed share directory.
public enum ShareDirectory {
    /// The first of these folders that holds `db/migrations`; nil when none does:
    ///
    /// - `FITNESSD_SHARE_DIR` (set by the container image and by packagers);
    /// - `../share/fitnessd` beside the executable's folder;
    /// - each folder above the executable (a checkout: `.build/…/fitnessd`);
    /// - `/usr/local/share/fitnessd` and `/usr/share/fitnessd`.
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
