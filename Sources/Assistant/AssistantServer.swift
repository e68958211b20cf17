import Core
import Database
import Foundation
import Logging
import OwnData

/// Answers assistants: a server of the Model Context Protocol whose tools read one athlete's own data. It keeps no state between requests.
public struct AssistantServer: Sendable {
    /// Whom a request is for: decided from the token, never from the request's body.
    public struct Asker: Sendable {
        public let athlete: AthleteID
        public let showsPlaces: Bool

        public init(athlete: AthleteID, showsPlaces: Bool) {
            self.athlete = athlete
            self.showsPlaces = showsPlaces
        }
    }

    /// The header fields of a request that the protocol gives a meaning.
    public struct Fields: Sendable {
        /// `MCP-Protocol-Version`.
        public let version: String?
        /// `Mcp-Method`.
        public let method: String?
        /// `Mcp-Name`.
        public let name: String?

        public init(version: String?, method: String?, name: String?) {
            self.version = version
            self.method = method
            self.name = name
        }
    }

    /// What to send back.
    public struct Answer: Sendable {
        /// The HTTP status.
        public let status: Int
        /// JSON; nil: no body.
        public let body: String?
    }

    /// Messages in one batch.
    private static let batchMax = 10

    private let tools: ToolBox
    private let version: String
    private let logger: Logger

    /// - Parameters:
    ///   - shareDirectory: the folder that holds `sql/dashboards`.
    ///   - access: which rows are shown; never `.off`.
    ///   - version: of this program.
    /// - Throws: `AssistantError` when a question can't be read.
    public init(reader: AthleteReader, access: ModelAccess, shareDirectory: URL, version: String, logger: Logger) throws {
        tools = ToolBox(reader: reader, access: access, tools: try Self.allTools(shareDirectory))
        self.version = version
        self.logger = logger
    }

    /// The names of all tools.
    ///
    /// - Throws: `AssistantError` when a question can't be read.
    public static func toolNames(shareDirectory: URL) throws -> [String] { try allTools(shareDirectory).map(\.name) }

    private static func allTools(_ shareDirectory: URL) throws -> [Tool] {
        ActivityTools.all + [QueryTool.tool, SchemaTool.tool] + (try QuestionTools.read(shareDirectory.appending(path: "sql/dashboards")))
    }

    /// Answers the body of a POST.
    ///
    /// - Throws: `CancellationError`.
    public func answer(_ body: [UInt8], _ fields: Fields, for asker: Asker) async throws -> Answer {
        guard let node = JSONNode.parse(body) else { return Self.refused(.null, .notJSON) }
        do {
            let revision = try Self.revision(fields)
            if case .array(let nodes) = node { return try await batch(nodes, revision, asker) }
            return try await single(node, revision, fields, asker)
        } catch let error as RPCError { return Self.refused(RPCMessage.id(of: node), error) }
    }

    // MARK: Messages

    private static func refused(_ id: JSONNode, _ error: RPCError) -> Answer {
        Answer(status: error.status, body: JSONNode.refusal(id, error).json)
    }

    private static func revision(_ fields: Fields) throws(RPCError) -> ProtocolRevision {
        guard let version = fields.version else { return .unsaid }
        guard let revision = ProtocolRevision(rawValue: version) else { throw .unsupportedVersion(version) }
        return revision
    }

    private func single(_ node: JSONNode, _ revision: ProtocolRevision, _ fields: Fields, _ asker: Asker) async throws -> Answer {
        guard case .request(let id, let method, let parameters) = try RPCMessage(node) else { return Answer(status: 202, body: nil) }
        let revision = try Envelope.revision(method, parameters, revision, fields)
        let result = try await result(of: method, parameters, revision, asker)
        return Answer(status: 200, body: JSONNode.answer(id, .object(result)).json)
    }

    /// An error of one message is its own answer.
    private func batch(_ nodes: [JSONNode], _ revision: ProtocolRevision, _ asker: Asker) async throws -> Answer {
        guard revision.takesBatches else {
            throw RPCError.invalidRequest("Send one message at a time: this version of the protocol has no batches.")
        }
        guard (1...Self.batchMax).contains(nodes.count) else {
            throw RPCError.invalidRequest("A batch must have 1 to \(Self.batchMax) messages.")
        }
        var answers: [JSONNode] = []
        for node in nodes {
            do {
                guard case .request(let id, let method, let parameters) = try RPCMessage(node) else { continue }
                if method == "initialize" { throw RPCError.invalidRequest("initialize can't be part of a batch.") }
                answers.append(.answer(id, .object(try await result(of: method, parameters, revision, asker))))
            } catch let error as RPCError { answers.append(.refusal(RPCMessage.id(of: node), error)) }
        }
        return answers.isEmpty ? Answer(status: 202, body: nil) : Answer(status: 200, body: JSONNode.array(answers).json)
    }

    // MARK: Methods

    private func result(
        of method: String, _ parameters: [String: JSONNode], _ revision: ProtocolRevision, _ asker: Asker
    ) async throws -> [String: JSONNode] {
        var result: [String: JSONNode]
        switch method {
        case "initialize" where !revision.isStateless: result = try handshake(parameters)
        case "ping" where !revision.isStateless: result = [:]
        case "server/discover" where revision.isStateless:
            result = introduction.merging(["supportedVersions": ProtocolRevision.names]) { $1 }.merging(Self.cacheable) { $1 }
        case "tools/list":
            guard parameters["cursor"] ?? .null == .null else {
                throw RPCError.invalidParameters("There is one page of tools: send no cursor.", revision)
            }
            result = ["tools": tools.list(for: asker)]
            if revision.isStateless { result.merge(Self.cacheable) { $1 } }
        case "tools/call": result = try await call(parameters, revision, asker)
        default: throw RPCError.unknownMethod(revision)
        }
        if revision.isStateless {
            result["resultType"] = .string("complete")
            result["_meta"] = .object([Envelope.serverInfo: serverInfo])
        }
        return result
    }

    private func handshake(_ parameters: [String: JSONNode]) throws(RPCError) -> [String: JSONNode] {
        guard let asked = parameters["protocolVersion"]?.text else { throw .invalidParameters("protocolVersion must be a string.") }
        let known = ProtocolRevision(rawValue: asked).flatMap { $0.isStateless ? nil : $0 } ?? .newestWithHandshake
        return introduction.merging(["protocolVersion": .string(known.rawValue), "serverInfo": serverInfo]) { $1 }
    }

    private var introduction: [String: JSONNode] {
        ["capabilities": .object(["tools": .object([:])]), "instructions": .string(tools.instructions)]
    }

    private var serverInfo: JSONNode {
        .object(["name": .string("fitnessd"), "title": .string("Training data of one athlete"), "version": .string(version)])
    }

    /// The list changes with the program's version and the token only.
    private static let cacheable: [String: JSONNode] = ["ttlMs": .integer(300_000), "cacheScope": .string("private")]

    private func call(
        _ parameters: [String: JSONNode], _ revision: ProtocolRevision, _ asker: Asker
    ) async throws -> [String: JSONNode] {
        guard let name = parameters["name"]?.text, let tool = tools.tool(name, for: asker) else {
            throw RPCError.invalidParameters("There is no tool of this name: tools/list has those that this token may call.", revision)
        }
        let given: [String: JSONNode]
        switch parameters["arguments"] {
        case nil, .null?: given = [:]
        case .object(let members)?: given = members
        default: throw RPCError.invalidParameters("arguments must be an object.", revision)
        }
        do {
            let json = try await tools.run(tool, given, for: asker).withNotes
            return ["content": Self.content(json), "structuredContent": .raw(json), "isError": .bool(false)]
        } catch let fault as ToolFault {
            return ["content": Self.content(fault.sentence), "isError": .bool(true)]
        } catch let error as DatabaseError where error.retryAdvice == .retry {
            logger.log(.warning, "tool of an assistant failed", [.endpoint: "/mcp \(tool.name)", .error: error.description])
            return [
                "content": Self.content("The database is busy or can't be reached right now: try again shortly."), "isError": .bool(true),
            ]
        } catch  where error.isCancellation {
            try Task.checkCancellation()
            return ["content": Self.content("That took longer than it may: ask about less."), "isError": .bool(true)]
        } catch {
            logger.log(
                .error, "tool of an assistant failed",
                [.endpoint: "/mcp \(tool.name)", .error: (error as? DatabaseError)?.description ?? "\(type(of: error))"])
            throw RPCError.failed
        }
    }

    private static func content(_ text: String) -> JSONNode { .array([.object(["type": .string("text"), "text": .string(text)])]) }
}
