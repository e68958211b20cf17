import Foundation

/// A server of map tiles that the operator names: the only other host that a page may ask for anything, and that learns where the map is.
public struct MapTiles: Sendable, Equatable {
    private static let bytesMax = 300

    /// The address with `{z}`, `{x}` and `{y}` for a tile's zoom, column and row.
    public let template: String
    /// For the security policy: `https://tiles.example.org`.
    let host: String

    /// What a text has to be, for a sentence that begins with the name of the setting.
    public static let rule = "must be an https address with {z}, {x} and {y}, as https://tiles.example.org/{z}/{x}/{y}.png"

    /// Nil: the text breaks the rule.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.bytesMax,
            let match = text.wholeMatch(of: #/(https:\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?)(\/[A-Za-z0-9._~{}\/?=&%+-]*)/#),
            ["{z}", "{x}", "{y}"].allSatisfy({ String(match.4).components(separatedBy: $0).count == 2 }),
            text.filter({ $0 == "{" || $0 == "}" }).count == 6
        else { return nil }
        template = text
        host = String(match.1)
    }
}
