import Core
import Database

/// The rows of a query as JSON objects, as many as an answer may hold.
struct BoundedRows: Sendable {
    /// Rows in one answer.
    static let countMax = 1_000
    /// Bytes of JSON in one answer: what a model can read at once, and no burden for a client.
    static let bytesMax = 100_000

    let rows: [String]
    /// Whether the query has more rows than these.
    let isCut: Bool
    private let countMax: Int

    /// The statement whose rows `init` reads: at most `countMax` of `query`'s, and no more than `bytesMax` allows. A row that is not sent is
    /// null, and the last.
    ///
    /// - Parameter query: one query; its text stands in parentheses.
    static func statement(_ query: SQL, countMax: Int) -> SQL {
        // LIMIT keeps each row from being made twice.
        SQL(
            raw: """
                SELECT CASE WHEN number <= \(countMax) AND total <= \(bytesMax) THEN row END
                FROM (
                    SELECT row, row_number() OVER () AS number, sum(octet_length(row)::bigint) OVER (ROWS UNBOUNDED PRECEDING) AS total
                    FROM (SELECT row_to_json(q.*)::text AS row FROM (\(query.text)
                    ) AS q LIMIT \(countMax + 1)) AS r
                ) AS s
                WHERE total - octet_length(row) <= \(bytesMax)
                """, parameters: query.parameters)
    }

    init(_ found: Rows, countMax: Int = BoundedRows.countMax) throws {
        let rows = try found.map { try $0.decode(String?.self) }
        self.rows = rows.prefix { $0 != nil }.compactMap { $0 }
        isCut = rows.contains { $0 == nil }
        self.countMax = countMax
    }

    /// The members of a result.
    var members: [String: JSONNode] {
        ["rows": .array(rows.map { .raw($0) }), "row_count": .integer(Int64(rows.count)), "is_cut": .bool(isCut)]
    }

    /// What to say where rows are missing.
    var note: String? {
        isCut
            ? "Cut after \(rows.count) rows: there are more. At most \(Self.countMax) rows and \(Self.bytesMax) bytes are sent; aggregate, filter, choose fewer columns, or page with ORDER BY, LIMIT and OFFSET."
            : nil
    }
}
