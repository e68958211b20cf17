// swift-tools-version: 6.1
// One daemon (fitnessd), one tool (fitnessctl), one local Strava for tests and the demo (strava-simulator).
// Who may import whom goes down only; TidyTests holds this file to the plan.
import PackageDescription

let package = Package(
    name: "fitnessllm-dataplatform",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "fitnessd", targets: ["fitnessd"]),
        .executable(name: "fitnessctl", targets: ["fitnessctl"]),
        .executable(name: "strava-simulator", targets: ["strava-simulator"]),
    ],
    // Exact versions: two builds of one commit are the same program. A test compares this list with what was resolved.
    dependencies: [
        .package(url: "https://github.com/apple/swift-algorithms.git", exact: "1.2.1"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections.git", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration.git", exact: "1.4.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics.git", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit.git", exact: "5.7.1"),
        // Not imported here: what the packages above depend on.
        .package(url: "https://github.com/apple/swift-asn1.git", exact: "1.7.4"),
        .package(url: "https://github.com/apple/swift-async-algorithms.git", exact: "1.1.4"),
        .package(url: "https://github.com/apple/swift-atomics.git", exact: "1.3.0"),
        .package(url: "https://github.com/apple/swift-certificates.git", exact: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", exact: "1.7.3"),
        .package(url: "https://github.com/apple/swift-http-structured-headers.git", exact: "1.7.0"),
        .package(url: "https://github.com/apple/swift-http-types.git", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio-http2.git", exact: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-transport-services.git", exact: "1.28.0"),
        .package(url: "https://github.com/apple/swift-numerics.git", exact: "1.1.1"),
        .package(url: "https://github.com/apple/swift-service-context.git", exact: "1.5.1"),
        .package(url: "https://github.com/apple/swift-system.git", exact: "1.8.1"),
        .package(url: "https://github.com/swift-server/async-http-client.git", exact: "1.37.0"),
    ],
    targets: [
        // C libraries, as Debian packages.
        .systemLibrary(name: "CLibpq", path: "Sources/Base/C/CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(
            name: "CLibcurl", path: "Sources/Base/C/CLibcurl", pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(
            name: "COpenSSL", path: "Sources/Base/C/COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", path: "Sources/Base/C/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CSpawn", path: "Sources/Base/C/CSpawn"),
        .systemLibrary(name: "CMemfd", path: "Sources/Base/C/CMemfd"),
        .target(name: "CProcCheck", path: "Sources/Base/C/CProcCheck"),
        .target(name: "CSimdjson", path: "Sources/Base/C/CSimdjson", linkerSettings: [.linkedLibrary("simdjson")]),

        // Base
        .target(name: "Core", dependencies: [.product(name: "Logging", package: "swift-log")], path: "Sources/Base/Core"),
        .target(
            name: "Database", dependencies: ["Core", "Metering", "CLibpq", .product(name: "Logging", package: "swift-log")],
            path: "Sources/Base/Database"),
        .target(
            name: "EmbeddedPostgres",
            dependencies: ["Core", "Database", "CLibpq", "CSpawn", .product(name: "Logging", package: "swift-log")],
            path: "Sources/Base/EmbeddedPostgres"),
        .target(
            name: "Migrations", dependencies: ["Core", "Database", .product(name: "Logging", package: "swift-log")],
            path: "Sources/Base/Migrations"),
        .target(
            name: "HTTPTransport", dependencies: ["Core", "CLibcurl"], path: "Sources/Base/HTTPTransport"),
        .target(
            name: "Metering", dependencies: [.product(name: "CoreMetrics", package: "swift-metrics")], path: "Sources/Base/Metering"),
        .target(name: "Journal", dependencies: ["Core", "CMemfd"], path: "Sources/Base/Journal"),
        .target(name: "Digest", dependencies: ["COpenSSL"], path: "Sources/Base/Digest"),

        .target(
            name: "ServerGuard",
            dependencies: [
                "Core", .product(name: "Hummingbird", package: "hummingbird"), .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
            ],
            path: "Sources/Base/ServerGuard"),

        // Schema sync, warehouse and ingest
        .target(name: "SyncStore", dependencies: ["Core", "Database"], path: "Sources/SyncStore"),
        .target(
            name: "OwnData",
            dependencies: [
                "Core", "Metering", "Database", "SyncStore", "Digest", "CZlib", .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/OwnData"),
        .target(name: "Streams", dependencies: ["Core", "CSimdjson"], path: "Sources/Streams"),
        .target(
            name: "Warehouse",
            dependencies: [
                "Core", "Metering", "Database", "SyncStore", "Digest", "Streams", "CSimdjson",
                .product(name: "Algorithms", package: "swift-algorithms"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Warehouse"),
        .target(
            name: "StravaAPI",
            dependencies: ["Core", "Metering", "Digest", "HTTPTransport", "CSimdjson", .product(name: "Logging", package: "swift-log")],
            path: "Sources/Ingest/StravaAPI"),
        .target(
            name: "Governor",
            dependencies: [
                "Core", "Metering", "Database", "SyncStore", "StravaAPI",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Ingest/Governor"),
        .target(
            name: "Vault",
            dependencies: [
                "Core", "Metering", "Database", "SyncStore", "StravaAPI", "COpenSSL", .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Ingest/Vault"),
        .target(
            name: "Sync",
            dependencies: [
                "Core", "Metering", "Database", "SyncStore", "StravaAPI", "Streams", "Governor", "Vault", "Warehouse",
                .product(name: "Algorithms", package: "swift-algorithms"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Ingest/Sync"),

        // Doors
        .target(
            name: "Identity",
            dependencies: [
                "Core", "Metering", "Database", "SyncStore", "Digest", "HTTPTransport", .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/Identity"),
        .target(
            name: "Assistant", dependencies: ["Core", "Database", "OwnData", .product(name: "Logging", package: "swift-log")],
            path: "Sources/Assistant"),
        .target(
            name: "Web",
            dependencies: [
                "Core", "Database", "OwnData", .product(name: "Logging", package: "swift-log"),
                .product(name: "Mustache", package: "swift-mustache"),
            ],
            path: "Sources/Web"),
        .target(
            name: "ControlAPI",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            path: "Sources/Control/API", exclude: ["openapi.yaml"]),
        .target(
            name: "ControlServer",
            dependencies: [
                "ControlAPI", "Core", "Metering", "Database", "Digest", "Governor", "Identity", "ServerGuard", "StravaAPI", "Sync",
                "SyncStore",
                "Vault",
                "Warehouse",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOExtras", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Control/Server"),
        .target(
            name: "Gateway",
            dependencies: [
                "Core", "Metering", "Database", "SyncStore", "ServerGuard", "StravaAPI", "Governor", "Vault", "Sync", "Warehouse", "Digest",
                "Identity", "OwnData", "Assistant", "ControlAPI", "Web",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Gateway", exclude: ["openapi.yaml"]),

        // A local Strava
        .target(
            name: "Simulator",
            dependencies: [
                "Core", "HTTPTransport", .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Simulator/Library"),
        .executableTarget(
            name: "strava-simulator",
            dependencies: ["CProcCheck", "Core", "Simulator", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Sources/Simulator/Program"),

        // A simulated week
        .target(
            name: "QuotaModel",
            dependencies: [
                "Core", "SyncStore", "StravaAPI", "Governor", "Sync", .product(name: "Algorithms", package: "swift-algorithms"),
            ],
            path: "Sources/QuotaModel/Library"),
        .executableTarget(
            name: "fitness-simulate",
            dependencies: ["QuotaModel", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Sources/QuotaModel/Program"),

        // Programs
        .executableTarget(
            name: "fitnessd",
            dependencies: [
                "CProcCheck",
                "Core", "Metering", "Database", "Digest", "EmbeddedPostgres", "Migrations", "HTTPTransport", "Warehouse", "StravaAPI",
                "Governor",
                "Vault", "Sync", "Identity", "OwnData", "Assistant", "ControlAPI", "ControlServer", "Gateway", "Journal", "Web",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Daemon"),
        .executableTarget(
            name: "fitnessctl",
            dependencies: ["CProcCheck", "ControlAPI", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Sources/CommandLine", exclude: ["JSON.md"]),

        // What `make bench` runs
        .executableTarget(
            name: "warehouse-bench",
            dependencies: [
                "Core", "Database", "SyncStore", "EmbeddedPostgres", "HTTPTransport", "Migrations", "Simulator", "StravaAPI", "Warehouse",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/Benchmarks", exclude: ["predecessor"]),

        // Tests
        .target(
            name: "TestKit",
            dependencies: [
                "Core", "Database", "EmbeddedPostgres", "Migrations", "Simulator", .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/TestKit"),
        .testTarget(name: "CoreTests", dependencies: ["Core", "TestKit"]),
        .testTarget(
            name: "MeteringTests",
            dependencies: ["Metering", "TestKit", "fitnessd", .product(name: "CoreMetrics", package: "swift-metrics")]),
        .testTarget(name: "JournalTests", dependencies: ["Core", "Journal", "TestKit", "fitnessd"]),
        .testTarget(name: "DatabaseTests", dependencies: ["Database", "EmbeddedPostgres", "Migrations", "TestKit"]),
        .testTarget(name: "HTTPTransportTests", dependencies: ["Core", "HTTPTransport", "TestKit"]),
        .testTarget(name: "StravaAPITests", dependencies: ["Core", "HTTPTransport", "StravaAPI", "Simulator", "TestKit"]),
        .testTarget(
            name: "GovernorTests",
            dependencies: ["Governor", "TestKit", .product(name: "HeapModule", package: "swift-collections")]),
        .testTarget(
            name: "SyncStoreTests",
            dependencies: ["SyncStore", "HTTPTransport", "StravaAPI", "Sync", "TestKit", "Vault", "Warehouse"]),
        .testTarget(name: "OwnDataTests", dependencies: ["OwnData", "Migrations", "TestKit"]),
        .testTarget(name: "WebTests", dependencies: ["Web", "TestKit"]),
        .testTarget(name: "VaultTests", dependencies: ["Vault", "HTTPTransport", "Simulator", "TestKit"]),
        .testTarget(name: "WarehouseTests", dependencies: ["Warehouse", "Simulator", "StravaAPI", "TestKit"]),
        .testTarget(
            name: "SyncTests",
            dependencies: ["Sync", "Simulator", "TestKit", "HTTPTransport", "Vault", "Governor", "Warehouse", "StravaAPI", "ControlServer"]),
        .testTarget(
            name: "ControlTests",
            dependencies: [
                "ControlAPI", "ControlServer", "HTTPTransport", "fitnessctl", "TestKit",
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "Assistant", "ControlAPI", "ControlServer", "Gateway", "Governor", "Identity", "OwnData", "ServerGuard", "HTTPTransport",
                "Simulator", "Sync",
                "TestKit", "Vault", "Web",
            ]),
        .testTarget(name: "AssistantTests", dependencies: ["Assistant", "OwnData", "TestKit"]),
        .testTarget(name: "IdentityTests", dependencies: ["Identity", "HTTPTransport", "TestKit"]),
        .testTarget(
            name: "SimulatorTests",
            dependencies: [
                "Core", "Simulator", "strava-simulator", "TestKit", "HTTPTransport",
                .product(name: "HummingbirdCore", package: "hummingbird"),
            ]),
        .testTarget(name: "QuotaModelTests", dependencies: ["QuotaModel", "TestKit"]),
        .testTarget(
            name: "DaemonTests",
            dependencies: [
                "ControlAPI", "Core", "Database", "HTTPTransport", "Simulator", "TestKit", "fitnessd", "fitnessctl", "strava-simulator",
            ]),
        .testTarget(name: "TidyTests", dependencies: ["TestKit"]),
    ],
    swiftLanguageModes: [.v6]
)
