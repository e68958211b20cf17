import Testing

/// Declarations that nothing uses, or tests alone. By name, so an unused overload of a used name is not seen.
@Suite struct DeadCodeTests {
    /// Called from outside: by Swift, Foundation, NIO, Hummingbird, Mustache or the argument parser, which name them.
    private static let calledByOthers: Set<String> = [
        "CodingKeys", "InboundIn", "InboundOut", "OutboundIn", "OutboundOut", "appendInterpolation", "appendLiteral", "channelActive",
        "channelRead", "checkIsolated", "customMirror", "decrement", "destroyCounter", "destroyFloatingPointCounter", "destroyMeter",
        "destroyRecorder", "destroyTimer", "enqueue", "escapeText", "handlerAdded", "handlerRemoved", "makeCounter",
        "makeFloatingPointCounter", "makeMeter", "makeRecorder", "makeTimer", "maxUploadSize", "recordNanoseconds", "unownedExecutor",
        "userInboundEventTriggered",
    ]
    /// Names of values that come from Strava, the kernel or the database: nothing in the code needs to name each.
    private static let valuesFromOutside: Set<String> = ["gradeSmooth", "processID", "stravaArchive", "velocitySmooth"]
    /// What only tests look at, since nothing else shows it from outside, with the file that declares it.
    private static let seams = [
        "clusterDirectory": "Sources/Base/EmbeddedPostgres/EmbeddedPostgres.swift",
        "serverPID": "Sources/Base/EmbeddedPostgres/EmbeddedPostgres.swift",
        "waiterCount": "Sources/Base/Database/ConnectionPool.swift",
        "waitingCount": "Sources/Ingest/Governor/RateBudget.swift",
        "flightCount": "Sources/Ingest/Governor/RateBudget.swift",
        "placeCount": "Sources/Warehouse/Silver/SilverFeed.swift",
        "rebuildOnce": "Sources/Warehouse/Silver/SilverRunner.swift",
        "deadlines": "Sources/Base/Core/WallClock.swift",
        "waitForSleepers": "Sources/Base/Core/WallClock.swift",
    ]
    /// Written and tested; the command that calls it is not there yet (`vault verify`).
    private static let toCome: Set<String> = ["verify", "isSound", "staleCount"]
    /// Used by tests and by people, who need more of it than this package's programs do.
    private static let tools = ["Sources/Simulator/", "Sources/Benchmarks/"]

    @Test func `each declaration is used by something that is not a test`() {
        let uses = SourceTree.shared.sources.reduce(into: [Substring: Int]()) { counts, file in
            for word in DeclaredName.words(file) { counts[word, default: 0] += 1 }
        }
        let declared = Dictionary(grouping: SourceTree.shared.sources.flatMap(DeclaredName.all), by: \.name)
        for (name, places) in declared where uses[name, default: 0] <= places.count {
            let text = String(name)
            if Self.calledByOthers.union(Self.valuesFromOutside).union(Self.toCome).contains(text) { continue }
            if places.allSatisfy({ place in Self.tools.contains { place.file.hasPrefix($0) } || place.isEntry }) { continue }
            if let file = Self.seams[text], places.contains(where: { $0.file == file }) { continue }
            Issue.record("\(places.map(\.description).joined(separator: ", ")): nothing uses \(text), or only tests do: remove it")
        }
        for (name, file) in Self.seams {
            #expect(declared[Substring(name)]?.contains { $0.file == file } == true, "remove \(name) from the list here")
        }
    }

    @Test func `names are found where they are declared`() {
        let text = """
            @main struct Program { static let first = 1 }
            // func not() {}
            enum Kind { case one(Int), two
                case three
            }
            func `some words`() { print("\\(first)") }
            """
        let file = SourceTree.File(path: "A.swift", text: text)
        #expect(DeclaredName.all(in: file).map(\.name) == ["Program", "first", "Kind", "three", "some"])
        #expect(DeclaredName.words(file).count { $0 == "first" } == 2)
        #expect(!DeclaredName.words(file).contains("not"))
    }
}
