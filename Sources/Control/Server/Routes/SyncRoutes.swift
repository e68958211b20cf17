import ControlAPI
import Core
import Foundation
import Hummingbird
import StravaAPI
import Sync
import Vault

extension ControlRoutes {
    private static let reasonBytesMax = 500

    func connect(_ request: Request) async throws -> ConnectMessage {
        let body: ConnectRequest = try await RequestReading.message(request)
        guard let uid = UID(body.uid) else { throw ControlRefusal.badRequest(UID.rule) }
        if let seconds = body.forS, !ConnectRequest.forRange_s.contains(seconds) {
            throw ControlRefusal.badRequest(
                "for_s must be from \(ConnectRequest.forRange_s.lowerBound) to \(ConnectRequest.forRange_s.upperBound) seconds")
        }
        guard let links = dependencies.links else {
            throw ControlRefusal(.unavailable, "the public listener is off; set FITNESSD_HTTP_LISTEN and restart fitnessd")
        }
        let lifetime_s = body.forS.map(Double.init) ?? ConnectLinks.lifetimeDefault.seconds
        let link = ConnectLink(uid: uid, expiresAt: dependencies.clock.now.addingTimeInterval(lifetime_s))
        return ConnectMessage(url: links.address(of: link), expiresAt: link.expiresAt)
    }

    func sync(_ athlete: Int64?, _ request: Request) async throws -> AcceptedMessage {
        let body: SyncRequestBody = try await RequestReading.message(request, ifEmpty: .init(full: false))
        if let only = body.only, only.isEmpty || body.full && !only.contains(.list) {
            throw ControlRefusal.badRequest("only must name at least one step, and with full it must include list")
        }
        if body.only != nil, body.history != nil {
            throw ControlRefusal.badRequest("history can't be used with only, which names the steps itself")
        }
        let now = dependencies.clock.now
        let only = body.only.map { $0.compactMap { SyncStep(rawValue: $0.rawValue) } }
        let count = try await dependencies.registry.requestSync(
            athlete.map { AthleteID($0) }, full: body.full, only: only, streams: try streams(body),
            history: body.history.flatMap { HistoryChoice(rawValue: $0.rawValue) }, by: "fitnessctl")
        return AcceptedMessage(athletes: count, requestedAt: now)
    }

    private func streams(_ body: SyncRequestBody) throws -> [StreamKey]? {
        guard let names = body.streams else { return nil }
        let known = StreamKey.allCases.map(\.rawValue)
        guard body.only?.contains(.streams) ?? false, !names.isEmpty, names.allSatisfy(known.contains) else {
            throw ControlRefusal.badRequest("streams requires the step streams and must name some of \(known.joined(separator: ", "))")
        }
        return names.compactMap(StreamKey.init(rawValue:))
    }

    func retry(_ athlete: Int64) async throws -> RetryMessage {
        let now = dependencies.clock.now
        let known = try await self.athlete(athlete)
        guard let done = try await dependencies.registry.retry(AthleteID(athlete)) else {
            throw ControlRefusal.badRequest(
                known.state == "reconnect"
                    ? "athlete \(athlete) must connect again before anything can be tried: fitnessctl athletes connect --uid UID makes a link"
                    : "athlete \(athlete) is being erased")
        }
        return RetryMessage(
            athleteID: athlete, failures: done.failures, answers: done.answers, objects: done.objects, paused: known.paused,
            quarantined: try await quarantineTotal(athlete), requestedAt: now)
    }

    func pause(_ athlete: Int64?, _ request: Request, by peer: ControlPeer) async throws -> ChangedMessage {
        let body: PauseRequest = try await RequestReading.message(request, ifEmpty: PauseRequest(forS: nil, reason: nil))
        if let seconds = body.forS, !(1...PauseRequest.forMax_s).contains(seconds) {
            throw ControlRefusal.badRequest("for_s must be from 1 to \(PauseRequest.forMax_s) seconds")
        }
        guard body.reason?.utf8.count ?? 0 <= Self.reasonBytesMax else {
            throw ControlRefusal.badRequest("reason must have at most \(Self.reasonBytesMax) bytes")
        }
        let now = dependencies.clock.now
        let until = body.forS.map { now.addingTimeInterval(Double($0)) }
        let count = try await dependencies.registry.pause(athlete.map { AthleteID($0) }, until: until, reason: body.reason, by: peer.text)
        return ChangedMessage(changed: count > 0, requestedAt: now)
    }

    func resume(_ athlete: Int64?) async throws -> ChangedMessage {
        let count = try await dependencies.registry.resume(athlete.map { AthleteID($0) })
        return ChangedMessage(changed: count > 0, requestedAt: dependencies.clock.now)
    }
}
