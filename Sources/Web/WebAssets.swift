import Foundation

/// Style sheets and scripts of the pages: our own, of `web/assets`, and the libraries of the system, read once.
public struct WebAssets: Sendable {
    /// A file, by the name under which it is served.
    public struct File: Sendable {
        public let name: String
        /// For `Content-Type`.
        public let type: String
        public let bytes: [UInt8]
    }

    /// A file of a library that is a package of the system. Nothing of it is in our sources.
    private struct Library {
        let name: String
        /// Below the folder of such libraries.
        let path: String
        /// The Debian package that has it.
        let package: String
    }

    private static let libraries = [
        Library(name: "chart.js", path: "chart.js/chart.min.js", package: "libjs-chart.js"),
        Library(name: "leaflet.js", path: "leaflet/leaflet.min.js", package: "libjs-leaflet"),
        Library(name: "leaflet.css", path: "leaflet/leaflet.css", package: "libjs-leaflet"),
    ]
    private static let types = [
        "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml", "png": "image/png",
    ]
    /// What pages need beyond an athlete's first view.
    public static let moreStyle = "more.css"
    /// Where Debian's policy for JavaScript has libraries.
    public static let systemFolder = URL(filePath: "/usr/share/javascript", directoryHint: .isDirectory)

    public let files: [File]
    /// Packages without which charts and maps are tables; empty: all are there.
    public let missingPackages: [String]

    /// - Parameter shareDirectory: the folder that holds `web/`.
    /// - Throws: `WebError` when our own files are missing. A library that is missing is no error.
    public init(shareDirectory: URL, system: URL = WebAssets.systemFolder) throws(WebError) {
        let folder = shareDirectory.appending(path: "web/assets", directoryHint: .isDirectory)
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path), names.contains("style.css") else {
            throw WebError.missing("\(folder.path)/style.css")
        }
        var files: [File] = []
        for name in names.sorted() {
            guard let type = Self.type(of: name) else { continue }
            guard let bytes = try? Data(contentsOf: folder.appending(path: name)) else {
                throw WebError.unreadable("\(folder.path)/\(name)")
            }
            files.append(File(name: name, type: type, bytes: AssetText.shrunk([UInt8](bytes), name: name)))
        }
        var missing: Set<String> = []
        for library in Self.libraries {
            if let bytes = try? Data(contentsOf: system.appending(path: library.path)), let type = Self.type(of: library.name) {
                files.append(File(name: library.name, type: type, bytes: [UInt8](bytes)))
            } else {
                missing.insert(library.package)
            }
        }
        self.files = files
        missingPackages = missing.sorted()
    }

    private static func type(of name: String) -> String? { name.split(separator: ".").last.flatMap { types[String($0)] } }
}

/// What the pages stand on, read once.
public struct WebFiles: Sendable {
    public let pages: WebPages
    public let assets: WebAssets

    /// - Parameters:
    ///   - shareDirectory: the folder that holds `web/`.
    ///   - version: the program's.
    /// - Throws: `WebError`.
    public init(shareDirectory: URL, version: String) throws(WebError) {
        pages = try WebPages(shareDirectory: shareDirectory, version: version)
        assets = try WebAssets(shareDirectory: shareDirectory)
    }
}
