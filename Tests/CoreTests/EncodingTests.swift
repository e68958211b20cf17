import Core
import Foundation
import TestKit
import Testing

@Suite struct EncodingTests {
    /// RFC 4648, section 10, without padding, and the two characters that differ from base64.
    @Test(arguments: [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy"), ("\u{7ff}\u{7ff}?", "37_fvz8")])
    func `bytes are base64url, and read again`(plain: String, encoded: String) {
        #expect(Base64URL.text(Array(plain.utf8)) == encoded)
        #expect(Base64URL.bytes(encoded) == Array(plain.utf8))
    }

    @Test(arguments: ["Zg==", "Z+8", "Z/8", "Zm9vY", "Zm 9", "\u{e9}"])
    func `what is not base64url is refused`(text: String) {
        #expect(Base64URL.bytes(text) == nil)
    }

    @Test func `a JSON string escapes what JSON escapes`() throws {
        var json: [UInt8] = []
        let text = "a\"b\\c\n\t\u{1}\u{1f}\u{7f}é😀"
        JSONString.append(text.utf8, to: &json)
        #expect(String(decoding: json, as: UTF8.self) == #""a\"b\\c\n\u0009\u0001\u001f"# + "\u{7f}é😀\"")
        #expect(try JSONDecoder().decode(String.self, from: Data(json)) == text)
    }

    @Test func `a file is written whole, and a folder that is not there is told`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "file").path
            let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
            defer { close(descriptor) }
            let bytes = [UInt8](repeating: 7, count: 300_000)
            try DurableFile.write(bytes, to: descriptor)
            try DurableFile.sync(descriptor)
            try DurableFile.syncFolder(of: path)
            #expect(FileManager.default.contents(atPath: path) == Data(bytes))
            #expect(throws: DurableFile.Failure(number: ENOENT)) { try DurableFile.syncFolder(of: folder.path + "/none/file") }
        }
    }
}
