import ControlAPI
import Core
import Database
import Hummingbird
import Identity
import StravaAPI
import Warehouse

extension ControlRoutes {
    func version() -> VersionMessage { VersionMessage(version: dependencies.version, startedAt: dependencies.startedAt) }

    /// Values for a shell's completion: somebody has pressed a key and waits, so each kind is one short query, or none.
    func values(_ request: Request) async throws -> ValuesMessage {
        let kinds = ValuesMessage.Kind.allCases.map(\.rawValue).joined(separator: ", ")
        guard let kind = request.uri.queryParameters["of"].flatMap({ ValuesMessage.Kind(rawValue: String($0)) }) else {
            throw ControlRefusal.badRequest("of must be one of \(kinds)")
        }
        let prefix = request.uri.queryParameters["prefix"].map(String.init) ?? ""
        guard prefix.utf8.count <= ValuesMessage.prefixBytesMax else {
            throw ControlRefusal.badRequest("prefix must have at most \(ValuesMessage.prefixBytesMax) bytes")
        }
        let athlete = try RequestReading.integer(request, "athlete_id", in: 1...Int64.max)
        let endpoint = request.uri.queryParameters["endpoint"].map(String.init)
        let values = try await values(kind, prefix, athlete, endpoint: endpoint)
        return ValuesMessage(of: kind, values: values)
    }

    private func values(
        _ kind: ValuesMessage.Kind, _ prefix: String, _ athlete: Int64?, endpoint: String?
    ) async throws -> [String] {
        switch kind {
        case .athletes: try await rows(Self.athletes(prefix))
        case .uids: try await rows(Self.uids(prefix))
        case .tables: beginning(prefix, try await ExportQueries(database: dependencies.database).tables())
        case .streams: beginning(prefix, StreamKey.allCases.map(\.rawValue))
        case .tokens: beginning(prefix, try await activeTokens())
        case .quarantineReasons: try await rows(Self.quarantined("reason", prefix, athlete, endpoint))
        case .quarantineEndpoints: try await rows(Self.quarantined("endpoint", prefix, athlete, nil))
        case .quarantineObjects: try await rows(Self.quarantined("object_id::text", prefix, athlete, endpoint))
        }
    }

    private func activeTokens() async throws -> [String] {
        try await TokenDesk(database: dependencies.database, clock: dependencies.clock).list().filter { $0.state == .active }
            .map { String($0.id) }
    }

    private func beginning(_ prefix: String, _ values: [String]) -> [String] {
        Array(values.filter { $0.hasPrefix(prefix) }.prefix(ValuesMessage.countMax))
    }

    private func rows(_ query: SQL) async throws -> [String] {
        try await dependencies.database.query(query).map { try $0.decode(String.self) }
    }

    // MARK: Statements

    private static func athletes(_ prefix: String) -> SQL {
        """
        SELECT athlete_id::text FROM sync.athlete WHERE state <> 'erasing' AND starts_with(athlete_id::text, \(prefix))
        ORDER BY athlete_id LIMIT \(ValuesMessage.countMax)
        """
    }

    private static func uids(_ prefix: String) -> SQL {
        """
        SELECT uid FROM sync.athlete WHERE state <> 'erasing' AND uid IS NOT NULL AND starts_with(uid, \(prefix))
        ORDER BY uid LIMIT \(ValuesMessage.countMax)
        """
    }

    /// - Parameter column: of `sync.quarantine`, as text.
    private static func quarantined(_ column: String, _ prefix: String, _ athlete: Int64?, _ endpoint: String?) -> SQL {
        let ids = AthleteRange.of(athlete)
        return """
            SELECT DISTINCT \(raw: column) FROM sync.quarantine
            WHERE athlete_id BETWEEN \(ids.lowerBound) AND \(ids.upperBound) AND (\(endpoint)::text IS NULL OR endpoint = \(endpoint))
              AND starts_with(\(raw: column), \(prefix))
            ORDER BY 1 LIMIT \(ValuesMessage.countMax)
            """
    }
}
