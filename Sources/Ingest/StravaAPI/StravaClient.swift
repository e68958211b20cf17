import Core
import Foundation
import HTTPTransport
import Logging

/// Talks to Strava: one request, one answer, one error. It decides nothing about when a call may be made, and never repeats one.
public struct StravaClient: Sendable {
    let configuration: StravaConfiguration
    let clock: WallClock
    private let http: HTTPClient
    private let logger: Logger
    /// How the calls of this client ended.
    public let tally = CallTally()

    public init(configuration: StravaConfiguration, http: HTTPClient, clock: WallClock, logger: Logger) {
        self.configuration = configuration
        self.http = http
        self.clock = clock
        self.logger = logger
    }

    /// The answer to a read, with status 200 and a body of the kind that the call has. All else is a `StravaError`.
    ///
    /// The token goes into the `Authorization` header and nowhere else.
    public func get(_ call: StravaCall, token: Secret) async throws -> StravaAnswer {
        let request = HTTPRequest(
            method: .get, url: configuration.apiURL + call.pathAndQuery,
            headers: [("Accept", "application/json"), ("Authorization", "Bearer \(token.reveal())")],
            timeout: .seconds(30), bodyBytesMax: call.bodyBytesMax)
        let response = try await send(request, door: .api, endpoint: call.endpointName)
        guard BodyShape.begins(response.body, withOneOf: call.bodyStarts) else {
            let isHTML = AnswerClassifier.looksLikeHTML(contentType: response.headers["Content-Type"], body: response.body)
            throw error(isHTML ? .maintenance : .unreadable, response, endpoint: call.endpointName)
        }
        return StravaAnswer(
            call: call, status: response.status, body: response.body, rateLimit: RateLimitHeaders(response.headers),
            serverDate: response.headers["Date"].flatMap(Timestamp.httpDate), fetchedAt: clock.now)
    }

    /// Sends a request and lets only a 200 pass, or what else means success.
    func send(_ request: HTTPRequest, door: AnswerDoor, endpoint: String, success: Set<Int> = [200]) async throws(StravaError)
        -> HTTPResponse
    {
        let startedAt = clock.now
        let response = try await transported(request, endpoint: endpoint)
        tally.add(endpoint, status: response.status)
        let duration = clock.now.timeIntervalSince(startedAt)
        logger.log(
            .debug, "strava answered",
            [.endpoint: endpoint, .status: response.status, .durationMS: Int((duration * 1000).rounded())])
        if success.contains(response.status) { return response }
        let classifier = AnswerClassifier(
            door: door, status: response.status, contentType: response.headers["Content-Type"], body: response.body)
        throw error(classifier.code, response, endpoint: endpoint, missingScope: classifier.missingScope)
    }

    private func transported(_ request: HTTPRequest, endpoint: String) async throws(StravaError) -> HTTPResponse {
        do {
            return try await http.send(request)
        } catch let error as HTTPTransportError {
            tally.add(endpoint, status: nil)
            throw StravaError(transport: error, endpoint: endpoint)
        } catch {
            throw StravaError(code: .network, reachedStrava: .unknown, endpoint: endpoint)
        }
    }

    func error(
        _ code: StravaError.Code, _ response: HTTPResponse, endpoint: String, missingScope: String? = nil
    ) -> StravaError {
        let rateLimit = RateLimitHeaders(response.headers)
        let serverDate = response.headers["Date"].flatMap(Timestamp.httpDate)
        let retryAt = code == .rateLimited ? RateWindow.end(after: serverDate ?? clock.now, headers: rateLimit) : nil
        return StravaError(
            code: code, status: response.status, rateLimit: rateLimit, serverDate: serverDate, reachedStrava: .yes,
            missingScope: missingScope, retryAt: retryAt, endpoint: endpoint)
    }
}
