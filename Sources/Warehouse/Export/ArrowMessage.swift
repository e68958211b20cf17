/// The messages of a stream as bytes (Apache Arrow, "Columnar Format", "Encapsulated message format"; apache/arrow, format/Message.fbs):
/// a mark, the length of the metadata, the metadata, the body. All parts are multiples of 8 bytes long.
enum ArrowMessage {
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

    /// Where each buffer begins in the body, and its length without padding.
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
