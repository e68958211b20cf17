import CZlib

/// One raw deflate stream (RFC 1951) by zlib, with the CRC-32 and the lengths that ZIP wants. Holds 256 KiB while it is open.
final class Deflate {
    private static let chunkBytes = 64 << 10

    /// zlib keeps its address, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private(set) var crc: UInt32 = 0
    /// Bytes before and after compression.
    private(set) var plainBytes: UInt64 = 0
    private(set) var packedBytes: UInt64 = 0

    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        precondition(czlib_deflate_begin(stream, 6) == Z_OK, "zlib is out of memory")
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Compresses `bytes`; returns what is ready so far.
    func add(_ bytes: [UInt8]) -> [UInt8] {
        crc = bytes.withUnsafeBufferPointer { UInt32(crc32_z(UInt(crc), $0.baseAddress, $0.count)) }
        plainBytes += UInt64(bytes.count)
        return run(bytes, flush: Z_NO_FLUSH)
    }

    /// The rest.
    func finish() -> [UInt8] { run([], flush: Z_FINISH) }

    private func run(_ bytes: [UInt8], flush: Int32) -> [UInt8] {
        var output: [UInt8] = []
        var input = bytes
        input.withUnsafeMutableBufferPointer { input in
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = UInt32(input.count)
            var isDone = false
            while !isDone {
                let chunk = [UInt8](unsafeUninitializedCapacity: Self.chunkBytes) { buffer, count in
                    stream.pointee.next_out = buffer.baseAddress
                    stream.pointee.avail_out = UInt32(buffer.count)
                    let status = deflate(stream, flush)
                    precondition(status != Z_STREAM_ERROR, "zlib's state is consistent")
                    count = buffer.count - Int(stream.pointee.avail_out)
                    isDone = stream.pointee.avail_out > 0
                }
                output += chunk
            }
        }
        packedBytes += UInt64(output.count)
        return output
    }
}
