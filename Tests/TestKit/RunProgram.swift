import Foundation

/// Runs a program to its end and answers its exit status and what it wrote on both outputs, together.
/// - Throws: when it can't be started: a program that a test needs is not there.
public func run(
    _ program: String, _ arguments: [String], environment: [String: String]? = nil, folder: URL? = nil
) async throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    if let environment { process.environment = environment }
    if let folder { process.currentDirectoryURL = folder }
    let pipe = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    // On a thread of its own: reading waits for the program.
    let output = await withCheckedContinuation { continuation in
        Thread.detachNewThread {
            let data = pipe.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            continuation.resume(returning: String(decoding: data, as: UTF8.self))
        }
    }
    return (process.terminationStatus, output)
}
