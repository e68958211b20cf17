import ControlAPI
import Core
import Foundation
import Hummingbird
import ServiceLifecycle
import StravaAPI
import Sync

extension ControlRoutes {
    /// The longest pause with an end, in seconds: a leap year.
    private static let pauseMax_s = 366 * 86_400
    private static let reasonBytesMax = 500

    func importAthletes(_ request: Request) async throws -> ImportReport {
        // A long body must not hold up a graceful stop: what is taken is taken.
        try await cancelWhenGracefulShutdown {
            var athletes = AthleteImport(
                registry: dependencies.registry, keepsLater: try !RequestReading.flag(request, "replace"), logger: logger)
            return try await athletes.run(request.body)
        }
    }

    func connect(_ request: Request) async throws -> ConnectMessage {
        let asked: ConnectRequest = try await RequestReading.message(request)
        guard let uid = UID(asked.uid) else { throw ControlRefusal.badRequest(UID.rule) }
        guard let publicURL = dependencies.publicURL else {
            throw ControlRefusal(.unavailable, "the public listener is off; set FITNESSD_HTTP_LISTEN and restart fitnessd")
        }
        return ConnectMessage(url: publicURL.connect(uid: uid))
    }

    func sync(_ athlete: Int64?, _ request: Request) async throws -> AcceptedMessage {
        let asked: ControlAPI.SyncRequest = try await RequestReading.message(request, ifEmpty: .init(full: false))
        if let only = asked.only, only.isEmpty || asked.full && !only.contains(.list) {
            throw ControlRefusal.badRequest("only must name a step, and list with full")
        }
        let now = dependencies.clock.now
        let only = asked.only.map { $0.compactMap { SyncStep(rawValue: $0.rawValue) } }
        let count = try await dependencies.registry.requestSync(
            athlete.map { AthleteID($0) }, full: asked.full, only: only, streams: try streams(asked), by: "fitnessctl")
        return AcceptedMessage(athletes: count, requestedAt: now)
    }

    private func streams(_ asked: ControlAPI.SyncRequest) throws -> [StreamKey]? {
        guard let names = asked.streams else { return nil }
        let known = StreamKey.allCases.map(\.rawValue)
        guard asked.only?.contains(.streams) ?? false, !names.isEmpty, names.allSatisfy(known.contains) else {
            throw ControlRefusal.badRequest("streams goes with only streams and names some of \(known.joined(separator: ", "))")
        }
        return names.compactMap(StreamKey.init(rawValue:))
    }

    func pause(_ athlete: Int64?, _ request: Request) async throws -> ChangedMessage {
        let asked: PauseRequest = try await RequestReading.message(request, ifEmpty: PauseRequest(forS: nil, reason: nil))
        if let seconds = asked.forS, !(1...Self.pauseMax_s).contains(seconds) {
            throw ControlRefusal.badRequest("for_s must be from 1 to \(Self.pauseMax_s) seconds")
        }
        guard asked.reason?.utf8.count ?? 0 <= Self.reasonBytesMax else {
            throw ControlRefusal.badRequest("reason must have at most \(Self.reasonBytesMax) bytes")
        }
        let now = dependencies.clock.now
        let until = asked.forS.map { now.addingTimeInterval(Double($0)) }
        let count = try await dependencies.registry.pause(athlete.map { AthleteID($0) }, until: until, reason: asked.reason)
        return ChangedMessage(changed: count > 0, requestedAt: now)
    }

    func resume(_ athlete: Int64?) async throws -> ChangedMessage {
        let count = try await dependencies.registry.resume(athlete.map { AthleteID($0) })
        return ChangedMessage(changed: count > 0, requestedAt: dependencies.clock.now)
    }
}
