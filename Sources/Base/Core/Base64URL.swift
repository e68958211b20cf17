import Foundation

/// base64url without padding (RFC 4648, section 5), as tokens, entity tags and cursors have it.
public enum Base64URL {
    public static func text(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// New random bytes, from the kernel.
    public static func random(byteCount: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        return text((0..<byteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    /// Nil unless the text is what `text` returns for some bytes.
    public static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        guard !text.utf8.contains(where: { "+/=".utf8.contains($0) }) else { return nil }
        let standard = String(text).replacing("-", with: "+").replacing("_", with: "/")
        guard let data = Data(base64Encoded: standard + String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)) else {
            return nil
        }
        return [UInt8](data)
    }
}
