import Foundation
import Synchronization
import TestKit

/// A built program of this package, running as a process of its own.
final class DaemonProcess: Sendable {
    private let process: Mutex<Process>
    private let text = Mutex("")
    private let hasSaidAll = Mutex(false)
    let pid: Int32

    /// Starts `.build/…/<program>` with nothing in its environment but what is given.
    /// - Parameters:
    ///   - input: what it reads; nil: nothing.
    ///   - output: where its output goes instead of `output`.
    init(
        _ program: String, _ arguments: [String], environment: [String: String], input: FileHandle? = nil, output: FileHandle? = nil
    ) throws {
        let process = Process()
        process.executableURL = program.hasPrefix("/") ? URL(filePath: program) : Self.folder.appending(path: program)
        process.arguments = arguments
        process.environment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"].merging(environment) { _, new in new
        }
        let pipe = Pipe()
        let sink: Any = output ?? pipe
        process.standardOutput = sink
        process.standardError = sink
        process.standardInput = input ?? FileHandle.nullDevice
        try process.run()
        pid = process.processIdentifier
        self.process = Mutex(process)
        // Nobody else will close it.
        if output != nil { try pipe.fileHandleForWriting.close() }
        follow(pipe) { [self] piece in
            if let piece { text.withLock { $0 += String(decoding: piece, as: UTF8.self) } } else { hasSaidAll.withLock { $0 = true } }
        }
    }

    /// Beside the running test program are the programs it tests.
    static let folder: URL = {
        let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        let beside = URL(filePath: executable).deletingLastPathComponent()
        if FileManager.default.fileExists(atPath: beside.appending(path: "fitnessd").path) { return beside }
        return TestKit.checkout.appending(path: ".build/debug")
    }()

    /// Standard output and error so far.
    var output: String { text.withLock { $0 } }

    func signal(_ number: Int32) { kill(pid, number) }

    /// Waits for the end; a process that does not end is killed and fails the test.
    func waitForEnd(within limit: Duration = .seconds(30)) async throws -> Int32 {
        do {
            try await eventually("the process ends", within: limit) { !process.withLock { $0.isRunning } }
        } catch {
            signal(SIGKILL)
            throw error
        }
        return process.withLock { $0.terminationStatus }
    }

    /// Runs a program to its end: exit code and output.
    static func run(_ program: String, _ arguments: [String], environment: [String: String]) async throws -> (code: Int32, output: String) {
        let process = try DaemonProcess(program, arguments, environment: environment)
        let code = try await process.waitForEnd(within: .seconds(180))
        // The last of the output may arrive a moment after the end.
        try await eventually("all output is here") { process.hasSaidAll.withLock { $0 } }
        return (code, process.output)
    }
}
