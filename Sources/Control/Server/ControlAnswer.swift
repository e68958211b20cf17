import ControlAPI
import Hummingbird
import NIOCore

/// Messages as HTTP responses.
enum ControlAnswer {
    static func json(_ message: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        response(try ControlJSON.encode(message), status)
    }

    static func refusal(_ code: ControlErrorCode, _ message: String) -> Response {
        let body = try? ControlJSON.encode(ErrorMessage(code: code, message: message))
        return response(body ?? [], .init(code: code.status))
    }

    private static func response(_ body: [UInt8], _ status: HTTPResponse.Status) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: body + [UInt8(ascii: "\n")])))
    }
}
