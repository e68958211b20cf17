import Foundation
import TestKit
import Testing

@testable import Journal

@Suite struct JournalSocketTests {
    private func withJournal(_ body: (JournalSocket, String) throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "s").path
            try body(JournalSocket(path: path), path)
        }
    }

    private func entry(_ value: String) -> JournalEntry {
        var entry = JournalEntry()
        entry.add("MESSAGE", "a message")
        entry.add(key: "error", value)
        return entry
    }

    @Test(arguments: ["plain", "", "two\nlines", "\n", "a=b\n\nc\n", "ünïcode \u{1F6B4}\n", "NAME=x\nPRIORITY=0\n"])
    func `a value arrives as it is, and can't become a field of its own`(value: String) async throws {
        try await withJournal { socket, path in
            let journal = try JournalReceiver(path: path)
            #expect(socket.send(entry(value)))
            let arrived = try journal.next()
            #expect(arrived.fields == ["MESSAGE": ["a message"], "ERROR": [value]])
            #expect(!arrived.wasFile)
        }
    }

    @Test func `an entry that is too long for a datagram arrives in sealed memory`() async throws {
        try await withJournal { socket, path in
            let journal = try JournalReceiver(path: path)
            let value = String(repeating: "0123456789", count: 50_000)
            #expect(socket.send(entry(value)))
            let arrived = try journal.next()
            #expect(arrived.wasFile && arrived["ERROR"] == value)
        }
    }

    @Test func `a value that would fill the queue is cut`() {
        let long = entry(String(repeating: "x", count: 2 << 20))
        #expect(long.bytes.count < JournalEntry.valueBytesMax + 100)
    }

    @Test func `a journal that goes away is reported, and found again when it is back`() async throws {
        try await withJournal { socket, path in
            #expect(!socket.send(entry("nobody is there")))
            var journal: JournalReceiver? = try JournalReceiver(path: path)
            #expect(socket.send(entry("first")))
            #expect(try journal?.next()["ERROR"] == "first")
            journal = nil
            #expect(!socket.send(entry("gone")))
            #expect(!socket.send(entry(String(repeating: "gone", count: 100_000))))
            let next = try JournalReceiver(path: path)
            #expect(socket.send(entry("second")))
            #expect(try next.next()["ERROR"] == "second")
        }
    }

    @Test(arguments: [
        ("athlete_id", "ATHLETE_ID"), ("hb.request.id", "HB_REQUEST_ID"), ("_pid", "FITNESSD__PID"), ("2nd", "FITNESSD_2ND"),
        ("message", "FITNESSD_MESSAGE"), ("priority", "FITNESSD_PRIORITY"), ("unit", "FITNESSD_UNIT"),
        ("object_pid", "FITNESSD_OBJECT_PID"), ("code_file", "FITNESSD_CODE_FILE"), ("code", "CODE"), ("", "FITNESSD_"),
        ("ключ", "FITNESSD_________"), ("a\nPRIORITY=0", "A_PRIORITY_0"),
    ])
    func `a key becomes a name that the journal takes and that has no meaning of its own`(key: String, name: String) {
        #expect(JournalEntry.name(of: key) == name)
    }

    @Test func `a long key is cut to what the journal takes`() {
        #expect(JournalEntry.name(of: String(repeating: "k", count: 100)).count == 64)
    }

    @Test func `output that leads elsewhere is not taken for the journal's`() {
        let pipe = Pipe()
        let descriptor = pipe.fileHandleForWriting.fileDescriptor
        var status = stat()
        fstat(descriptor, &status)
        #expect(JournalSocket.isBehind(descriptor, variable: "\(status.st_dev):\(status.st_ino)"))
        #expect(!JournalSocket.isBehind(descriptor, variable: "\(status.st_dev):\(status.st_ino + 1)"))
        #expect(!JournalSocket.isBehind(descriptor, variable: nil))
        #expect(!JournalSocket.isBehind(-1, variable: "\(status.st_dev):\(status.st_ino)"))
    }
}
