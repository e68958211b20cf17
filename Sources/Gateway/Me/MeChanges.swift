import Core
import Foundation
import HTTPTypes
import Hummingbird
import OwnData
import Sync

/// The routes of `/v1/me` about thresholds, and those that change something.
extension MeRoutes {
    // MARK: Thresholds

    /// A threshold that was set. Its value holds until the next one of the same sport and metric.
    private struct SetThreshold: Encodable {
        let sport: String
        let metric: String
        let value: Double
        let unit: String
        let valid_from: String
        let set_at: String
    }

    func thresholds(_ asked: Asked) async throws -> Response {
        JSONAnswer.response(try await thresholdsJSON(asked.athlete), to: asked.request)
    }

    private func thresholdsJSON(_ athlete: AthleteID) async throws -> String {
        let set = try await services.thresholds.thresholds(of: athlete).map { threshold, setAt in
            SetThreshold(
                sport: threshold.sport.rawValue, metric: threshold.metric.rawValue, value: threshold.value, unit: threshold.metric.unit,
                valid_from: threshold.validFrom.description, set_at: setAt.formatted(.iso8601))
        }
        let known = try await answers().thresholds(of: athlete)
        return "{\"set\":" + String(decoding: JSONBody.bytes(set), as: UTF8.self) + "," + known.dropFirst()
    }

    /// Sets one threshold, or removes it when its value is null. Figures follow in silver.
    func setThreshold(_ asked: Asked) async throws -> Response {
        _ = try reader()
        let body = try await asked.request.body.collect(upTo: GatewayLimits.bodyBytesMax)
        let change = try ThresholdChange(Array(body.readableBytesView))
        do {
            if let value = change.value {
                try await services.thresholds.set(change.name, value: value, athlete: asked.athlete)
            } else {
                try await services.thresholds.remove(change.name, athlete: asked.athlete)
            }
        } catch let error as SyncError where error.code == .invalidThreshold {
            if change.value == nil {
                throw APIRefusal(.notFound, "not_found", "No such threshold is set: GET /v1/me/thresholds lists those that are.")
            }
            throw APIRefusal.badRequest(error.message)
        }
        return JSONAnswer.response(try await thresholdsJSON(asked.athlete), to: asked.request, isConditional: false)
    }

    // MARK: Erasure

    /// The part of the receipt that is the athlete's to know.
    private struct Erased: Encodable {
        let erasure_id: String
        let requested_at: String
        let erased_at: String?
        let revocation: String
    }

    /// 202: something still holds rows of the athlete, and the rest follows within minutes.
    func erase(_ asked: Asked) async throws -> Response {
        let receipt = try await services.erase(asked.athlete)
        let erased = Erased(
            erasure_id: receipt.erasureID.uuidString.lowercased(), requested_at: receipt.requestedAt.formatted(.iso8601),
            erased_at: receipt.erasedAt?.formatted(.iso8601), revocation: receipt.revocation.rawValue)
        return JSONBody.response(erased, status: receipt.erasedAt == nil ? .accepted : .ok)
    }

    // MARK: Sync

    func sync(_ asked: Asked) async throws -> Response {
        if let wait = pauses.take(asked.athlete) {
            throw APIRefusal(
                .tooManyRequests, "too_soon", "A sync was requested less than \(SyncPauses.pause_s / 60) minutes ago: wait for it.",
                retryAfter_s: wait)
        }
        do {
            let run = try await services.requestSync(asked.athlete)
            return JSONBody.response(["run": run], status: .accepted)
        } catch {
            pauses.forget(asked.athlete)
            throw error
        }
    }
}

/// The body of `PUT /v1/me/thresholds`.
struct ThresholdChange: Sendable {
    private struct Body: Decodable {
        let metric: String
        let value: Double?
        let sport: String?
        let valid_from: String?
    }

    /// A value of any kind, for the names beside it.
    private struct AnyValue: Decodable {
        init(from decoder: any Decoder) {}
    }

    let name: ThresholdName
    /// In the metric's unit; nil: remove it.
    let value: Double?

    private static let names: Set<String> = ["metric", "value", "sport", "valid_from"]
    private static let rule = """
        Send a JSON object with metric, value (null removes it), and if you like sport and valid_from: \
        {"metric":"power","value":285,"sport":"ride","valid_from":"2026-01-31"}.
        """

    init(_ body: [UInt8]) throws {
        let decoder = JSONDecoder()
        guard let names = try? decoder.decode([String: AnyValue].self, from: Data(body)).keys, Self.names.isSuperset(of: names),
            names.contains("value"), let body = try? decoder.decode(Body.self, from: Data(body))
        else { throw APIRefusal.badRequest(Self.rule) }
        value = body.value
        do { name = try ThresholdName(metric: body.metric, sport: body.sport, validFrom: body.valid_from) } catch let error as SyncError {
            throw APIRefusal.badRequest(error.message)
        }
    }
}
