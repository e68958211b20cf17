import TestKit
import Testing

/// Who may import whom goes down only. The graph is written here a second time, so that a wider dependency is a decision.
@Suite struct ImportTests {
    private static let allowed: [String: Set<String>] = [
        "Core": [],
        "Database": ["Core", "Metering", "CLibpq"],
        "EmbeddedPostgres": ["Core", "Database", "CLibpq", "CSpawn"],
        "Migrations": ["Core", "Database"],
        "HTTPTransport": ["Core", "CLibcurl"],
        "Digest": ["COpenSSL"],
        "ServerGuard": ["Core"],
        "Journal": ["Core", "CMemfd"],
        "Metering": [],
        "SyncStore": ["Core", "Database"],
        "OwnData": ["Core", "Metering", "Database", "SyncStore", "Digest", "CZlib"],
        "Streams": ["Core", "CSimdjson"],
        "Warehouse": ["Core", "Metering", "Database", "SyncStore", "Digest", "Streams", "CSimdjson"],
        "StravaAPI": ["Core", "Metering", "Digest", "HTTPTransport", "CSimdjson"],
        "Governor": ["Core", "Metering", "Database", "SyncStore", "StravaAPI"],
        "Vault": ["Core", "Metering", "Database", "SyncStore", "StravaAPI", "COpenSSL"],
        "Sync": ["Core", "Metering", "Database", "SyncStore", "StravaAPI", "Streams", "Governor", "Vault", "Warehouse"],
        "Identity": ["Core", "Metering", "Database", "SyncStore", "Digest", "HTTPTransport"],
        "Assistant": ["Core", "Database", "OwnData"],
        "Web": ["Core", "Database", "OwnData"],
        "ControlAPI": [],
        "ControlServer": [
            "ControlAPI", "Core", "Metering", "Database", "SyncStore", "Digest", "Identity", "ServerGuard", "StravaAPI", "Governor", "Sync",
            "Vault", "Warehouse",
        ],
        "Gateway": [
            "Core", "Metering", "Database", "SyncStore", "ServerGuard", "StravaAPI", "Governor", "Vault", "Sync", "Warehouse", "Digest",
            "Identity",
            "OwnData", "Assistant", "ControlAPI", "Web",
        ],
        "Simulator": ["Core", "HTTPTransport"],
        "strava-simulator": ["CProcCheck", "Core", "Simulator"],
        "QuotaModel": ["Core", "SyncStore", "StravaAPI", "Governor", "Sync"],
        "fitness-simulate": ["QuotaModel"],
        "fitnessd": [
            "CProcCheck", "Core", "Metering", "Database", "Digest", "EmbeddedPostgres", "Migrations", "HTTPTransport", "Warehouse",
            "StravaAPI",
            "Governor", "Vault", "Sync", "Identity", "OwnData", "Assistant", "ControlAPI", "ControlServer", "Gateway", "Journal",
            "Web",
        ],
        "fitnessctl": ["CProcCheck", "ControlAPI"],
        "warehouse-bench": [
            "Core", "Database", "SyncStore", "EmbeddedPostgres", "HTTPTransport", "Migrations", "Simulator", "StravaAPI", "Warehouse",
        ],
        "CSimdjson": [], "CZlib": [], "CLibpq": [], "CLibcurl": [], "COpenSSL": [], "CSpawn": [], "CMemfd": [], "CProcCheck": [],
    ]

    @Test func `Package.swift keeps to the plan of who may import whom`() throws {
        let targets = try PackageTargets.read()
        #expect(targets.count > 20)
        let ours = Set(targets.map(\.name))
        for target in targets where !target.path.hasPrefix("Tests/") {
            let allowed = try #require(Self.allowed[target.name], "\(target.name) is not in the plan")
            let extra = target.dependencies.intersection(ours).subtracting(allowed)
            #expect(extra.isEmpty, "\(target.name) may not depend on \(extra.sorted())")
        }
    }

    @Test func `the plan itself goes down only`() {
        for (name, below) in Self.allowed {
            for other in below { #expect(!reaches(other, name), "\(name) and \(other) depend on each other") }
        }
    }

    /// A test may also import what the targets it tests stand on.
    @Test func `each import of a module of ours is declared in Package.swift`() throws {
        let targets = try PackageTargets.read()
        let direct = Dictionary(uniqueKeysWithValues: targets.map { ($0.name, $0.dependencies) })
        for target in targets {
            let isTest = target.path.hasPrefix("Tests/")
            let declared = isTest ? closure(of: target.name, direct) : target.dependencies
            for file in SourceTree.shared.swift where file.path.hasPrefix(target.path + "/") {
                let undeclared = imports(in: file).intersection(direct.keys).subtracting(declared).subtracting([target.name])
                #expect(undeclared.isEmpty, "\(file.path) imports \(undeclared.sorted()), which \(target.name) does not declare")
            }
        }
    }

    private func imports(in file: SourceTree.File) -> Set<String> {
        let lines = file.code.filter { $0.contains("import ") }
        return Set(lines.compactMap { $0.firstMatch(of: #/^(?:@\w+ )?(?:public |package )?import (?:\w+ )?(\w+)/#).map { String($0.1) } })
    }

    private func closure(of name: String, _ direct: [String: Set<String>]) -> Set<String> {
        (direct[name] ?? []).reduce(into: []) { all, other in all.formUnion(closure(of: other, direct).union([other])) }
    }

    private func reaches(_ from: String, _ to: String) -> Bool {
        from == to || (Self.allowed[from] ?? []).contains { reaches($0, to) }
    }
}
