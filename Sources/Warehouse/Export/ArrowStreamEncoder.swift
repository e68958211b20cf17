/// Makes an Arrow stream (Apache Arrow, "IPC Streaming Format", uncompressed) from the bytes of a binary COPY: the schema first, then batches of
/// rows, then an end. It holds one batch; the COPY's columns must have the schema's types. Not to be used any more after an error.
public struct ArrowStreamEncoder {
    /// Rows of one batch: what readers are used to. More would not make reading faster.
    public static let batchRowsMax = 65_536
    /// As COPY sends them, of which Arrow makes at most about twice as many; with the row that goes over it. An export holds that much, so that
    /// two at once stay far below what the daemon needs for its other work, and the metadata of a batch, about 1 KiB, is little beside it.
    public static let batchBytesMax = 4 << 20
    /// Longer than a row of PostgreSQL can be (MaxAllocSize, 1 GiB) with what `copyOut` puts before it; offsets of 32 bits reach twice as far.
    private static let pieceBytesMax = 1 << 30 + 1 << 20

    private let schema: ArrowSchema
    private let rowsMax: Int
    private let bytesMax: Int
    private var frame = CopyFrame()
    private var columns: [ArrowColumn]
    private var rowCount = 0
    private var batch_bytes = 0
    private var hasBegun = false

    public init(_ schema: ArrowSchema) { self.init(schema, rowsMax: Self.batchRowsMax, bytesMax: Self.batchBytesMax) }

    init(_ schema: ArrowSchema, rowsMax: Int, bytesMax: Int) {
        self.schema = schema
        self.rowsMax = rowsMax
        self.bytesMax = bytesMax
        columns = schema.fields.map { ArrowColumn($0.type) }
    }

    /// Takes the next piece of the COPY, of whole rows as `Database.copyOut` hands them on; answers the messages that are complete with it.
    public mutating func received(_ piece: [UInt8]) throws -> [[UInt8]] {
        guard piece.count <= Self.pieceBytesMax else { throw WarehouseError.brokenCopy("a row is longer than rows can be") }
        var messages = begin()
        try piece.withUnsafeBytes { try read(CopyCursor($0), into: &messages) }
        return messages
    }

    /// The COPY has ended: answers the last messages.
    public mutating func ended() throws -> [[UInt8]] {
        guard frame.hasEnded else { throw WarehouseError.brokenCopy("it has no end") }
        return begin() + (rowCount > 0 ? [takeBatch()] : []) + [ArrowMessage.end]
    }

    private mutating func begin() -> [[UInt8]] {
        if hasBegun { return [] }
        hasBegun = true
        return [ArrowMessage.schema(schema)]
    }

    private mutating func read(_ bytes: CopyCursor, into messages: inout [[UInt8]]) throws(WarehouseError) {
        var cursor = bytes
        while let fieldCount = try frame.nextRow(&cursor) {
            guard fieldCount == columns.count else { throw .brokenCopy("a row has not as many fields as there are columns") }
            let before_bytes = cursor.left_bytes
            for index in columns.indices { try columns[index].append(cursor.field()) }
            rowCount += 1
            batch_bytes += before_bytes - cursor.left_bytes
            if rowCount >= rowsMax || batch_bytes >= bytesMax { messages.append(takeBatch()) }
        }
    }

    private mutating func takeBatch() -> [UInt8] {
        let message = ArrowMessage.batch(columns, rowCount: rowCount)
        for index in columns.indices { columns[index].removeAll() }
        (rowCount, batch_bytes) = (0, 0)
        return message
    }
}
