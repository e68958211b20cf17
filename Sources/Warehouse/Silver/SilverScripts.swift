import Foundation

/// The files of `sql/silver`, in the order of their numbers: those below 50 run before the arrays are stored, the others after.
struct SilverScripts: Sendable {
    struct Script: Sendable {
        let name: String
        let text: String
    }

    /// The number from which a file may read `silver.activity_stream` of the batch.
    static let firstAfterArrays = 50

    let beforeArrays: [Script]
    let afterArrays: [Script]

    /// - Throws: `WarehouseError.scripts` when the folder or a file can't be read or a name has no number.
    init(shareDirectory: URL) throws {
        let folder = shareDirectory.appending(path: "sql/silver")
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder.path) } catch {
            throw WarehouseError(.scripts, "the folder sql/silver can't be read: is FITNESSD_SHARE_DIR right?")
        }
        let scripts = try names.filter { $0.hasSuffix(".sql") }.map { try Self.read($0, in: folder) }.sorted { $0.number < $1.number }
        if scripts.isEmpty { throw WarehouseError(.scripts, "the folder sql/silver holds no SQL file") }
        beforeArrays = scripts.filter { $0.number < Self.firstAfterArrays }.map(\.script)
        afterArrays = scripts.filter { $0.number >= Self.firstAfterArrays }.map(\.script)
    }

    private static func read(_ name: String, in folder: URL) throws -> (number: Int, script: Script) {
        guard let number = Int(name.prefix { $0 != "_" }) else {
            throw WarehouseError(.scripts, "the file sql/silver/\(name) has no number before its name")
        }
        do {
            return (number, Script(name: name, text: try String(contentsOf: folder.appending(path: name), encoding: .utf8)))
        } catch {
            throw WarehouseError(.scripts, "the file sql/silver/\(name) can't be read")
        }
    }
}
