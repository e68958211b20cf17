/// The revisions of the Model Context Protocol that are spoken, and in what they differ here.
enum ProtocolRevision: String, CaseIterable, Sendable {
    case march2025 = "2025-03-26"
    case june2025 = "2025-06-18"
    case november2025 = "2025-11-25"
    case july2026 = "2026-07-28"

    /// The newest with a handshake, offered to a client that asks for one that is unknown.
    static let newestWithHandshake = ProtocolRevision.november2025
    /// Of a client that sends no version (2025-06-18, "Protocol Version Header").
    static let unsaid = ProtocolRevision.march2025

    /// Arrays of messages (JSON-RPC 2.0, section 6) were taken out by 2025-06-18.
    var takesBatches: Bool {
        switch self {
        case .march2025: true
        case .june2025, .november2025, .july2026: false
        }
    }
    /// Each request carries its version and has no handshake before it (2026-07-28, "Versioning and Compatibility").
    var isStateless: Bool { self == .july2026 }

    static var names: JSONNode { .array(allCases.reversed().map { .string($0.rawValue) }) }
}
