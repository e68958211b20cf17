import Foundation

/// What a request of 2026-07-28 carries about itself: in `_meta`, and the same in header fields, which must agree ("Server Validation").
enum Envelope {
    private static let version = "io.modelcontextprotocol/protocolVersion"
    private static let capabilities = "io.modelcontextprotocol/clientCapabilities"
    static let serverInfo = "io.modelcontextprotocol/serverInfo"

    /// The revision that a request is answered by.
    ///
    /// - Parameter said: that of the header field.
    static func revision(
        _ method: String, _ parameters: [String: JSONNode], _ said: ProtocolRevision, _ fields: AssistantServer.Fields
    ) throws(RPCError) -> ProtocolRevision {
        let asked = parameters["_meta"]?[version]
        guard said.isStateless || asked != nil else { return said }
        guard let asked = asked?.text, case .object? = parameters["_meta"]?[capabilities] else {
            throw .invalidParameters("params._meta must have \(version) and \(capabilities).", .july2026)
        }
        guard fields.version == asked else { throw .headerMismatch("MCP-Protocol-Version must be there and agree with params._meta.") }
        guard fields.method == method else { throw .headerMismatch("Mcp-Method must be there and agree with method.") }
        if method == "tools/call", let name = parameters["name"]?.text, fields.name.flatMap(decoded) != name {
            throw .headerMismatch("Mcp-Name must be there and agree with params.name.")
        }
        guard let revision = ProtocolRevision(rawValue: asked), revision.isStateless else { throw .unsupportedVersion(asked) }
        return revision
    }

    /// Of a value that is no plain ASCII: `=?base64?…?=` ("Value Encoding").
    private static func decoded(_ value: String) -> String? {
        guard let match = value.wholeMatch(of: /=\?base64\?(.*)\?=/) else { return value }
        return Data(base64Encoded: String(match.1)).flatMap { String(data: $0, encoding: .utf8) }
    }
}
