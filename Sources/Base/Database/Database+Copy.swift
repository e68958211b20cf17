extension Database {
    /// Runs a `COPY … TO STDOUT` and hands its data on in pieces of whole rows, about 64 KiB each or one row; answers the number of rows.
    ///
    /// The next piece is read when `body` has returned: a slow reader slows the server down, and nothing piles up. After an error, `body`'s
    /// among them, the statement is cancelled.
    /// - Parameter statement: COPY takes no parameters, so what is in it must come from the server's `format` or from numbers.
    @discardableResult
    public func copyOut(
        _ statement: String, isolation: isolated (any Actor)? = #isolation, _ body: ([UInt8]) async throws -> Void
    ) async throws -> Int {
        try await withConnection { connection in
            do {
                try await connection.beginCopyOut(statement)
                while let piece = try await connection.copyPiece() { try await body(piece) }
                return try await connection.endCopyOut()
            } catch {
                await connection.abandon()
                throw error
            }
        }
    }
}
