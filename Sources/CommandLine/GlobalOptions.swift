import ArgumentParser
import ControlAPI
import Foundation

/// The options of every command.
struct GlobalOptions: ParsableArguments {
    @Option(help: "The daemon's control socket (else FITNESSD_CONTROL_SOCKET, else where the daemon puts it).")
    var socket: String?

    @Flag(help: "Print the control API's message instead of text.")
    var json = false

    var client: ControlClient {
        ControlClient(socketPath: socket ?? ControlSocketPath.tool(environment: ProcessInfo.processInfo.environment))
    }

    /// Asks, then prints the answer as it came or as `text` puts it.
    func show<Answer: Decodable>(
        _ target: ControlTarget, body: (any Encodable & Sendable)? = nil, as _: Answer.Type = Answer.self,
        _ text: (Answer) -> String
    ) async throws {
        let bytes = try await client.bytes(target, body: body)
        let answer: Answer = try ControlClient.decoded(bytes)
        Terminal.print(json ? Terminal.line(bytes) : text(answer))
    }
}
