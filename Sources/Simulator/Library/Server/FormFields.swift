import Foundation

/// Name and value pairs of a query or a form body, in order; a name may occur more than once.
struct FormFields: Sendable {
    let pairs: [(name: String, value: String)]

    init(_ pairs: [(name: String, value: String)] = []) { self.pairs = pairs }

    /// Reads `application/x-www-form-urlencoded` text.
    init(parsing text: some StringProtocol) {
        pairs = text.split(separator: "&").map { part in
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (Self.decode(sides[0]), sides.count > 1 ? Self.decode(sides[1]) : "")
        }
    }

    subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }
    func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }
    func merging(_ other: FormFields) -> FormFields { FormFields(pairs + other.pairs) }

    private static func decode(_ text: some StringProtocol) -> String {
        let spaced = String(text).replacing("+", with: " ")
        return spaced.removingPercentEncoding ?? spaced
    }
}
