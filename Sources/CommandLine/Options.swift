import ArgumentParser
import ControlAPI
import Foundation

/// The options of every command.
struct GlobalOptions: ParsableArguments {
    @Option(help: "Path of the control socket; default: FITNESSD_CONTROL_SOCKET, else the daemon's default path.", completion: .file())
    var socket: String?

    @Flag(help: "Print the control API's message (JSON) instead of text.")
    var json = false

    var client: ControlClient { ControlClient(socketPath: path) }

    /// For requests that go through all athletes before they are answered.
    var patientClient: ControlClient { ControlClient(socketPath: path, idleTimeout: .seconds(600)) }

    private var path: String { socket ?? Self.socketPathDefault }

    private static var socketPathDefault: String { ControlSocketPath.tool(environment: ProcessInfo.processInfo.environment) }

    /// The socket that a command line means which is not parsed: it is incomplete, or asks for the version.
    static func socketPath(in words: [String]) -> String {
        if let place = words.firstIndex(of: "--socket"), words.indices.contains(place + 1) { return words[place + 1] }
        return words.first { $0.hasPrefix("--socket=") }.map { String($0.dropFirst(9)) } ?? socketPathDefault
    }

    /// Sends a request, then prints the response unchanged (`--json`) or as formatted by `text`.
    func show<Response: Decodable>(
        _ target: ControlTarget, body: (any Encodable & Sendable)? = nil, as _: Response.Type = Response.self,
        _ text: (Response) -> String
    ) async throws {
        let bytes = try await client.bytes(target, body: body)
        let response: Response = try ControlClient.decoded(bytes)
        Terminal.print(json ? Terminal.line(bytes) : text(response))
    }
}

/// How much of a list that is read page by page, the newest first.
struct PageOptions: ParsableArguments {
    @Option(help: "Only those of the last so many minutes, hours or days, for example 90m, 12h or 2d.")
    var since: DurationArgument?

    @Option(help: "How many at most.")
    var limit = 50

    func validate() throws {
        guard (1...100_000).contains(limit) else { throw ValidationError("--limit must be a number from 1 to 100000.") }
    }

    /// Reads the pages. With `--json` each is printed unchanged and nothing is returned.
    ///
    /// - Parameters:
    ///   - target: the request for a page, from its query.
    ///   - content: a page's items, and the value of `before` for the next page.
    func collect<Page: Decodable, Item>(
        _ options: GlobalOptions, pageMax: Int, _ target: ([(name: String, value: String)]) -> ControlTarget,
        _ content: (Page) -> (items: [Item], nextBefore: Int64?)
    ) async throws -> [Item] {
        let start = since.map { ControlTime.text(Date(timeIntervalSinceNow: -Double($0.seconds))) }
        var items: [Item] = []
        var (before, left) = (Int64?.none, limit)
        repeat {
            let query = [("limit", String(min(left, pageMax))), ("since", start), ("before", before.map { String($0) })]
            let bytes = try await options.client.bytes(target(query.compactMap { name, value in value.map { (name: name, value: $0) } }))
            let page = content(try ControlClient.decoded(bytes) as Page)
            if options.json { Terminal.print(Terminal.line(bytes)) } else { items += page.items }
            left -= page.items.count
            before = page.nextBefore
        } while before != nil && left > 0
        return items
    }
}

/// Checks Strava's number of an athlete.
enum AthleteArgument {
    static func check(_ id: Int64?) throws {
        if let id, id <= 0 { throw ValidationError("An athlete is identified by Strava's number, which is positive.") }
    }
}

/// A duration as people write it: `90s`, `30m`, `2h`, `1d`, or several parts, `1h30m`.
struct DurationArgument: ExpressibleByArgument {
    private static let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]

    let seconds: Int

    init?(argument: String) {
        var total = 0
        var digits = ""
        for character in argument {
            if character.isASCII, character.isNumber, digits.count < 9 {
                digits.append(character)
            } else if let unit = Self.units[character], let number = Int(digits) {
                total += number * unit
                digits = ""
            } else {
                return nil
            }
        }
        guard digits.isEmpty, (1...PauseRequest.forMax_s).contains(total) else { return nil }
        seconds = total
    }
}

/// A file as the body of a request; `-` is standard input.
struct FileUpload: Sendable {
    private static let chunkBytes = 64 << 10

    private let name: String
    private let descriptor: Int32

    init(_ name: String) throws {
        self.name = name
        descriptor = name == "-" ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.unreadable(name, errno) }
    }

    /// The next bytes; nil at its end.
    func next() throws -> [UInt8]? {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.chunkBytes) { buffer, count in
            let got = read(descriptor, buffer.baseAddress, Self.chunkBytes)
            failure = got < 0 ? errno : 0
            count = max(0, got)
        }
        guard failure == 0 else { throw Self.unreadable(name, failure) }
        return bytes.isEmpty ? nil : bytes
    }

    private static func unreadable(_ name: String, _ code: Int32) -> CommandFailure {
        CommandFailure("can't read \(name): \(String(cString: strerror(code)))")
    }
}
