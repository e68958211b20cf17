import ControlAPI
import Core
import Hummingbird
import NIOCore
import Vault

/// Reads the body of an import of the predecessor's documents: an object with the key, then the documents.
enum PredecessorDocuments {
    /// A document by its number, from 1 on.
    struct Entry: Sendable {
        let number: Int
        let content: Result<ImportLine, ImportFault>
    }

    /// What is held in memory until all is checked: about 100 MB.
    private static let bodyBytesMax = 256 << 20
    private static let documentsMax = 100_000

    private struct Reading {
        var key: PredecessorKey?
        var entries: [Entry] = []
        var openedCount = 0
        var lockedCount = 0

        mutating func add(_ document: DocumentSplitter.Document) throws {
            guard let key else { return key = try Self.key(document) }
            guard entries.count < PredecessorDocuments.documentsMax else {
                throw ControlRefusal(
                    .bodyTooLarge,
                    "the file has more than \(PredecessorDocuments.documentsMax) documents; nothing was imported, import it in parts")
            }
            entries.append(Entry(number: entries.count + 1, content: content(document, key)))
        }

        private mutating func content(_ document: DocumentSplitter.Document, _ key: PredecessorKey) -> Result<ImportLine, ImportFault> {
            switch document {
            case .tooLong: return .failure(ImportFault("longer than \(ControlJSON.lineBytesMax) bytes"))
            case .stray: return .failure(ImportFault("not a JSON object"))
            case .cutOff: return .failure(ImportFault("cut off: the file ends in the middle"))
            case .whole(let bytes):
                do {
                    let line = try ImportLine(predecessor: bytes, key)
                    openedCount += 1
                    return .success(line)
                } catch {
                    let fault = error as? ImportFault ?? ImportFault("not a JSON object")
                    if fault == .wrongKey { lockedCount += 1 }
                    return .failure(fault)
                }
            }
        }

        private static func key(_ document: DocumentSplitter.Document) throws -> PredecessorKey {
            guard case .whole(let bytes) = document, let head = try? ControlJSON.decode(PredecessorKeyMessage.self, from: bytes) else {
                throw ControlRefusal.badRequest("the body must begin with an object that has the predecessor's key: {\"key\":\"…\"}")
            }
            guard !head.key.isEmpty else { throw ControlRefusal.badRequest("the predecessor's key is empty") }
            guard let key = PredecessorKey(Secret(head.key)) else {
                throw ControlRefusal(.failed, "the memory for the predecessor's key can't be locked: see the limit on locked memory")
            }
            return key
        }
    }

    /// Throws when the body is too large, or when the key opens no document: a wrong key stores nothing.
    static func read(_ body: RequestBody) async throws -> [Entry] {
        var documents = DocumentSplitter(bytesMax: ControlJSON.lineBytesMax)
        var reading = Reading()
        var byteCount = 0
        for try await buffer in body {
            byteCount += buffer.readableBytes
            guard byteCount <= bodyBytesMax else {
                throw ControlRefusal(.bodyTooLarge, "the file is larger than 256 MiB; nothing was imported, import it in parts")
            }
            for byte in buffer.readableBytesView {
                if let document = documents.take(byte) { try reading.add(document) }
            }
        }
        if let rest = documents.finish() { try reading.add(rest) }
        if reading.key == nil { try reading.add(.stray) }
        if reading.lockedCount > 0, reading.openedCount == 0 {
            let count = reading.lockedCount
            throw ControlRefusal.badRequest(
                "the predecessor's key opens the tokens of none of \(count) \(count == 1 ? "document" : "documents"): nothing was imported")
        }
        return reading.entries
    }
}
