/// Why a request to the daemon has no good answer. `description` is one sentence for a person and holds no body.
public struct ControlClientError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// Nobody listens on the socket, or we may not connect.
        case notReachable = "not_reachable"
        /// The daemon answered with an error envelope.
        case refused
        /// Nothing came or went for the whole of the timeout.
        case timeout
        /// The answer, or a line of it, is larger than the API allows.
        case answerTooLarge = "answer_too_large"
        /// The connection ended before the answer did.
        case broken
        /// The answer is not what the API says.
        case unreadable
    }

    public let code: Code
    public let description: String
    /// The HTTP status and the error code of a refusal.
    public let status: Int?
    public let refusal: String?

    public init(_ code: Code, _ description: String, status: Int? = nil, refusal: String? = nil) {
        self.code = code
        self.description = description
        self.status = status
        self.refusal = refusal
    }

    static func notReachable(_ path: String, _ reason: String) -> ControlClientError {
        ControlClientError(.notReachable, "daemon not reachable: is fitnessd running? socket \(path) (\(reason))")
    }

    /// The socket, or the folder it is in, is not for this user.
    static func notPermitted(_ path: String, group: String?) -> ControlClientError {
        let advice = group.map { "join the group \($0) (sudo usermod -aG \($0) USER, then log in again), or use sudo" }
        return ControlClientError(
            .notReachable, "this user may not use the control socket \(path) (permission denied): \(advice ?? "use sudo")")
    }

    static func refused(status: Int, body: [UInt8]) -> ControlClientError {
        guard let message = try? ControlJSON.decode(ErrorMessage.self, from: body) else {
            return ControlClientError(.unreadable, "fitnessd answered with status \(status) and no error message", status: status)
        }
        return ControlClientError(.refused, message.error.message, status: status, refusal: message.error.code)
    }
}
