import Database
import Foundation

/// The statements of `sql/silver`, in the order of the files' numbers: those below 50 run before the arrays are stored, the others after.
/// They are sent one by one: a statement keeps its plan on a connection, a whole file would be planned each time.
struct SilverScripts: Sendable {
    /// Files from this number on may read the batch's rows of `silver.activity_stream`.
    private static let firstAfterArrays = 50

    /// What a batch may have: objects of athletes (profile, zones, gear, statistics, estimates), and activities. With the line of a file's
    /// header that says that it is only for such batches: what it reads lands with these.
    enum Content: String, CaseIterable {
        case athletes = "-- When:   the batch has an athlete's own objects."
        case activities = "-- When:   the batch has activities."
    }

    private struct Script {
        let number: Int
        /// Nil: for all batches.
        let needs: Content?
        let statements: [SQL]
    }

    private let scripts: [Script]

    func beforeArrays(_ content: Set<Content>) -> [SQL] { statements(content) { $0 < Self.firstAfterArrays } }

    func afterArrays(_ content: Set<Content>) -> [SQL] { statements(content) { $0 >= Self.firstAfterArrays } }

    private func statements(_ content: Set<Content>, _ isWanted: (Int) -> Bool) -> [SQL] {
        scripts.filter { isWanted($0.number) && $0.needs.map(content.contains) ?? true }.flatMap(\.statements)
    }

    /// - Throws: `WarehouseError.scripts` when the folder or a file can't be read or a name has no number.
    init(shareDirectory: URL) throws {
        let folder = shareDirectory.appending(path: "sql/silver")
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder.path) } catch {
            throw WarehouseError(.scripts, "the folder sql/silver can't be read: is FITNESSD_SHARE_DIR right?")
        }
        scripts = try names.filter { $0.hasSuffix(".sql") }.map { try Self.read($0, in: folder) }.sorted { $0.number < $1.number }
        if scripts.isEmpty { throw WarehouseError(.scripts, "the folder sql/silver holds no SQL file") }
    }

    private static func read(_ name: String, in folder: URL) throws -> Script {
        guard let number = Int(name.prefix { $0 != "_" }) else {
            throw WarehouseError(.scripts, "the file sql/silver/\(name) has no number before its name")
        }
        do {
            let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            let needs = Content.allCases.first { text.contains("\($0.rawValue)\n") }
            return Script(number: number, needs: needs, statements: SQLScript.statements(of: text).map { SQL(raw: $0) })
        } catch {
            throw WarehouseError(.scripts, "the file sql/silver/\(name) can't be read")
        }
    }
}
