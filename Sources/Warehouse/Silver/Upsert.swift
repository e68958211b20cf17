/// The end of an INSERT AS t of one activity's row, for a row that silver has already: it is written only if something differs, and an
/// unchanged array stays where it is on disk. Most arrays are unchanged when an answer changed a little, or only the transform version.
struct Upsert: Sendable {
    /// In the order in which the row's values follow its key.
    let columns: String
    let clause: String

    /// - Parameters:
    ///   - facts: small columns. The one that tells versions apart comes first, so that arrays need not be compared.
    ///   - stamp: a column that becomes the time of the write.
    init(facts: [String], arrays: [String] = [], stamp: String? = nil) {
        let names = facts + arrays
        func list(of row: String) -> String { names.map { "\(row).\($0)" }.joined(separator: ", ") }
        let changes =
            facts.map { "\($0) = excluded.\($0)" }
            + arrays.map { "\($0) = CASE WHEN t.\($0) = excluded.\($0) THEN t.\($0) ELSE excluded.\($0) END" }
            + (stamp.map { ["\($0) = now()"] } ?? [])
        columns = names.joined(separator: ", ")
        clause = """
            ON CONFLICT (athlete_id, source_id, activity_id) DO UPDATE SET \(changes.joined(separator: ", "))
            WHERE (\(list(of: "t"))) IS DISTINCT FROM (\(list(of: "excluded")))
            """
    }
}
