import Foundation

/// Why a request to the daemon got no usable response. `description` is one sentence for a person and contains no body.
public struct ControlClientError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// Nobody listens on the socket, or this user may not connect.
        case notReachable = "not_reachable"
        /// The daemon responded with an error envelope.
        case refused
        /// Nothing was sent or received for the whole timeout.
        case timeout
        /// The response, or a line of it, is larger than the API allows.
        case responseTooLarge = "answer_too_large"
        /// The connection ended before the response did.
        case broken
        /// The response does not match the API.
        case unreadable
    }

    public let code: Code
    public let description: String
    /// HTTP status of a refusal.
    public let status: Int?
    /// Error code of a refusal (`ControlErrorCode`).
    public let refusal: String?
    /// By which the request's lines are found in the daemon's log: when it failed there, or was lost after its response had begun.
    public let requestID: String?

    public init(_ code: Code, _ description: String, status: Int? = nil, refusal: String? = nil, requestID: String? = nil) {
        self.code = code
        self.description = description
        self.status = status
        self.refusal = refusal
        self.requestID = requestID
    }

    /// The same with the request's id, unless the fault is the client's.
    func with(requestID: String?) -> ControlClientError {
        let isOurs = status.map { $0 < 500 } ?? false
        return ControlClientError(code, description, status: status, refusal: refusal, requestID: isOurs ? nil : requestID)
    }

    static func notReachable(_ path: String, _ reason: String) -> ControlClientError {
        ControlClientError(.notReachable, "daemon not reachable: is fitnessd running? socket \(path) (\(reason))")
    }

    /// This user has no access to the socket or to its folder.
    static func notPermitted(_ path: String) -> ControlClientError {
        ControlClientError(
            .notReachable,
            "this user may not use the control socket \(path) (permission denied): \(group(of: path).map(advice) ?? "use sudo")")
    }

    /// Whoever was added to the group since the last login is a member without knowing why it does not help.
    private static func advice(_ group: (id: gid_t, name: String)) -> String {
        let user = geteuid()
        if Accounts.groupIDs(ofUser: user).contains(group.id) {
            return "you are in the group \(group.name), but this login began before that; log in again, or use sg \(group.name)"
        }
        let name = Accounts.userName(user) ?? "USER"
        return "join the group \(group.name) (sudo usermod -aG \(group.name) \(name), then log in again), or use sudo"
    }

    static func refused(status: Int, body: [UInt8]) -> ControlClientError {
        guard let message: ErrorMessage = try? ControlClient.decoded(body) else {
            return ControlClientError(.unreadable, "fitnessd responded with status \(status) and no error message", status: status)
        }
        return ControlClientError(.refused, message.error.message, status: status, refusal: message.error.code)
    }

    /// The group whose members may use the socket: the socket's own, or that of the folder that hides it. Nil when only root may: the group is
    /// root's, has no access or no name.
    private static func group(of path: String) -> (id: gid_t, name: String)? {
        var status = stat()
        let folder = URL(filePath: path).deletingLastPathComponent().path
        guard lstat(path, &status) == 0 || stat(folder, &status) == 0, status.st_gid != 0, status.st_mode & 0o070 != 0 else { return nil }
        return Accounts.groupName(status.st_gid).map { (status.st_gid, $0) }
    }
}
