/// The body of Strava's errors: `{"message": …, "errors": [{"resource", "field", "code"}]}` (docs/strava-api.md 0), read leniently: `errors`
/// has been seen as a text, as an empty list and missing.
public struct StravaFault: Sendable, Equatable {
    public struct Item: Sendable, Equatable {
        public let resource: String
        public let field: String
        public let code: String

        public init(resource: String, field: String, code: String) {
            self.resource = resource
            self.field = field
            self.code = code
        }
    }

    public let message: String
    public let items: [Item]
    /// `errors`, when it was a text.
    public let text: String

    /// Faults are some hundred bytes; what is larger is something else.
    static let bytesMax = 64 << 10
    private static let itemsMax = 16

    /// Nil when the body is not a JSON object.
    public init?(body: [UInt8]) {
        guard body.count <= Self.bytesMax, let value = try? JSONParser.parse(body), case .object = value else { return nil }
        message = value["message"]?.text ?? ""
        text = value["errors"]?.text ?? ""
        items = (value["errors"]?.list ?? []).prefix(Self.itemsMax).map { item in
            Item(resource: item["resource"]?.text ?? "", field: item["field"]?.text ?? "", code: item["code"]?.text ?? "")
        }
    }

    /// Whether an item names this resource and, unless nil, this field; without regard to case.
    func names(_ resource: String, _ field: String? = nil) -> Bool {
        items.contains { item in
            item.resource.lowercased() == resource && (field == nil || item.field.lowercased() == field)
        }
    }

    /// Whether one of its texts holds these words; for the two errors that Strava only words.
    func says(_ words: String) -> Bool {
        ([message, text] + items.map(\.field)).contains { $0.lowercased().contains(words) }
    }
}
