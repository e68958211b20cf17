import Foundation
import TestKit

/// The built fitnessctl as a process of its own.
enum Tool {
    struct Ending: Sendable {
        let code: Int32
        let out: String
        let err: String
    }

    /// Runs it to its end and returns its exit code and output.
    static func run(
        _ arguments: [String], socket: String? = nil, input: String = "", executable: String? = nil, prefix: [String] = []
    ) async throws -> Ending {
        let process = Process()
        let program = try executable ?? builtProgram("fitnessctl").path
        let command = prefix + [program] + arguments + (socket.map { ["--socket", $0] } ?? [])
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"]
        let (out, err, stdin) = (Pipe(), Pipe(), Pipe())
        process.standardOutput = out
        process.standardError = err
        process.standardInput = stdin
        let (endings, ended) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = { process in
            ended.yield(process.terminationStatus)
            ended.finish()
        }
        try process.run()
        try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try stdin.fileHandleForWriting.close()
        async let outText = text(out)
        async let errText = text(err)
        var code: Int32 = -1
        for await status in endings { code = status }
        return Ending(code: code, out: await outText, err: await errText)
    }

    private static func text(_ pipe: Pipe) async -> String {
        await withCheckedContinuation { continuation in
            // Reading blocks until the process ends: not on the cooperative threads.
            Thread.detachNewThread {
                let data = (try? pipe.fileHandleForReading.readToEnd()) ?? Data()
                continuation.resume(returning: String(decoding: data, as: UTF8.self))
            }
        }
    }
}
