import Foundation
import HTTPTransport

extension StravaClient {
    /// What time it was at the server that gave this answer (RFC 9110, section 6.6.1); nil when it does not say.
    public static func serverDate(_ answer: HTTPResponse) -> Date? { answer.headers["Date"].flatMap(Timestamp.httpDate) }
}
