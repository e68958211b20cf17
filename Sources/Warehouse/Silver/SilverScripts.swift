import Database
import Foundation

/// The statements of `sql/silver`, in the order of the files' numbers: those below 50 run before the arrays are stored, the others after.
/// They are sent one by one: a statement keeps its plan on a connection, a whole file would be planned each time.
struct SilverScripts: Sendable {
    /// Files from this number on may read the batch's rows of `silver.activity_stream`.
    private static let firstAfterArrays = 50

    /// The line of a file's header that says: only for a batch with objects of an athlete. What such a file reads lands with these.
    private static let ofAthletes = "-- When:   the batch has an athlete's own objects."

    private let athleteAndActivity: [SQL]
    private let activityOnly: [SQL]
    let afterArrays: [SQL]

    /// - Parameter hasAthletes: whether the batch has objects of an athlete: profile, zones, gear or statistics.
    func beforeArrays(hasAthletes: Bool) -> [SQL] { hasAthletes ? athleteAndActivity : activityOnly }

    /// - Throws: `WarehouseError.scripts` when the folder or a file can't be read or a name has no number.
    init(shareDirectory: URL) throws {
        let folder = shareDirectory.appending(path: "sql/silver")
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder.path) } catch {
            throw WarehouseError(.scripts, "the folder sql/silver can't be read: is FITNESSD_SHARE_DIR right?")
        }
        let scripts = try names.filter { $0.hasSuffix(".sql") }.map { try Self.read($0, in: folder) }.sorted { $0.number < $1.number }
        if scripts.isEmpty { throw WarehouseError(.scripts, "the folder sql/silver holds no SQL file") }
        let before = scripts.filter { $0.number < Self.firstAfterArrays }
        athleteAndActivity = before.flatMap(\.statements)
        activityOnly = before.filter { !$0.isOfAthletes }.flatMap(\.statements)
        afterArrays = scripts.filter { $0.number >= Self.firstAfterArrays }.flatMap(\.statements)
    }

    private static func read(_ name: String, in folder: URL) throws -> (number: Int, isOfAthletes: Bool, statements: [SQL]) {
        guard let number = Int(name.prefix { $0 != "_" }) else {
            throw WarehouseError(.scripts, "the file sql/silver/\(name) has no number before its name")
        }
        do {
            let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            return (number, text.contains("\(ofAthletes)\n"), SQLScript.statements(of: text).map { SQL(raw: $0) })
        } catch {
            throw WarehouseError(.scripts, "the file sql/silver/\(name) can't be read")
        }
    }
}
