/// Turns the bytes of a binary COPY into an Arrow stream (Apache Arrow, "IPC Streaming Format", uncompressed): the schema, batches of rows,
/// an end. It holds one batch. The columns of the COPY must have the types of the schema. After an error it can't be used any more.
public struct ArrowStreamEncoder {
    /// Rows of one batch: a usual number. More would not make reading faster.
    public static let batchRowsMax = 65_536
    /// Bytes of one batch as COPY sends them; the row that exceeds it still belongs to the batch. In Arrow they are at most about twice as
    /// many. An export holds that much: little beside the daemon's other work even when two run at once, and much beside the 1 KiB of
    /// metadata that each batch carries.
    public static let batchBytesMax = 4 << 20
    /// The longest row of PostgreSQL (MaxAllocSize, 1 GiB) and what `copyOut` may put before it. Offsets of 32 bits reach twice as far.
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

    /// Takes the next piece of the COPY, which is whole rows, as from `Database.copyOut`; returns the messages that it completes.
    public mutating func received(_ piece: [UInt8]) throws -> [[UInt8]] {
        guard piece.count <= Self.pieceBytesMax else { throw WarehouseError.brokenCopy("a row is longer than rows can be") }
        var messages = begin()
        try piece.withUnsafeBytes { try read(CopyCursor($0), into: &messages) }
        return messages
    }

    /// The COPY has ended; returns the last messages.
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

/// The messages of a stream as bytes (Apache Arrow, "Columnar Format", "Encapsulated message format"; apache/arrow, format/Message.fbs):
/// a mark, the length of the metadata, the metadata, the body. The length of each part is a multiple of 8 bytes.
private enum ArrowMessage {
    private static let mark: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
    private static let version5 = FlatNode.int16(4)
    private static let schemaTag: UInt8 = 1
    private static let batchTag: UInt8 = 3

    static let end = mark + [0, 0, 0, 0]

    static func schema(_ schema: ArrowSchema) -> [UInt8] { head(schemaTag, schema.node, body_bytes: 0) }

    /// A batch of `rowCount` rows.
    static func batch(_ columns: [ArrowColumn], rowCount: Int) -> [UInt8] {
        let buffers = columns.flatMap(\.buffers)
        let (places, body_bytes) = layout(buffers)
        let nodes = FlatNode.pairs(columns.flatMap(\.counts).map { (Int64($0.length), Int64($0.nulls)) })
        var message = head(batchTag, .table([.int64(Int64(rowCount)), nodes, .pairs(places)]), body_bytes: body_bytes)
        message.reserveCapacity(message.count + body_bytes)
        for buffer in buffers {
            message.append(contentsOf: buffer)
            message.pad(to: 8)
        }
        return message
    }

    /// The offset of each buffer in the body, and its length without padding.
    private static func layout(_ buffers: [[UInt8]]) -> (places: [(Int64, Int64)], body_bytes: Int) {
        var next = 0
        let places = buffers.map { buffer in
            defer { next += (buffer.count + 7) / 8 * 8 }
            return (Int64(next), Int64(buffer.count))
        }
        return (places, next)
    }

    private static func head(_ tag: UInt8, _ header: FlatNode, body_bytes: Int) -> [UInt8] {
        let metadata = FlatBuffer.encode(.table([version5, .uint8(tag), header, .int64(Int64(body_bytes))]))
        var bytes = mark
        bytes.appendLittleEndian(Int32(metadata.count))
        return bytes + metadata
    }
}
