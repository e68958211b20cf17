import CLibpq

/// The data and the end of a COPY. For the connection's own thread, as all of `Link`.
extension Link {
    /// A piece is this long or a row longer.
    private static let pieceBytes = 64 << 10

    /// The next rows of a `COPY … TO STDOUT`; nil at its end. libpq holds one row whole.
    func copyPiece() throws -> [UInt8]? {
        var piece: [UInt8] = []
        while piece.count < Self.pieceBytes {
            var row: UnsafeMutablePointer<CChar>?
            let count = PQgetCopyData(pointer, &row, 0)
            defer { PQfreemem(row) }
            // -1: the end; -2: an error, which the result after the data tells (libpq, PQgetCopyData).
            guard count > 0, let row else { break }
            piece.append(contentsOf: UnsafeRawBufferPointer(start: row, count: Int(count)))
        }
        return piece.isEmpty ? nil : piece
    }

    /// The result that follows the data, and the end of the statement.
    func endCopy() throws -> QueryResult {
        let end = PQgetResult(pointer)
        while let rest = PQgetResult(pointer) { PQclear(rest) }
        return try check(end)
    }
}
