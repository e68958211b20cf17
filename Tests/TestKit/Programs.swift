import Foundation

/// Runs a program to its end and returns its exit status and the text of both outputs together.
/// - Throws: when it can't be started.
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
    // On a thread of its own: reading blocks until the program ends.
    let output = await withCheckedContinuation { continuation in
        Thread.detachNewThread {
            let data = pipe.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            continuation.resume(returning: String(decoding: data, as: UTF8.self))
        }
    }
    return (process.terminationStatus, output)
}

/// A program of this package, from the build under test.
/// - Throws: when it is not built; `swift build --build-tests` builds all of them.
public func builtProgram(_ name: String) throws -> URL {
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let program = URL(filePath: tests).deletingLastPathComponent().appending(path: name)
    guard FileManager.default.isExecutableFile(atPath: program.path) else { throw NotBuilt(path: program.path) }
    return program
}

private struct NotBuilt: Error, CustomStringConvertible {
    let path: String

    var description: String { "\(path) is missing: run swift build --build-tests first" }
}

/// Reads a pipe to its end on a thread of its own and passes on each part as it arrives, then nil.
///
/// Not `readabilityHandler`: its descriptor may be closed while libdispatch still watches it, which has crashed the tests.
public func follow(_ pipe: Pipe, _ sink: @escaping @Sendable (Data?) -> Void) {
    let descriptor = pipe.fileHandleForReading.fileDescriptor
    Thread.detachNewThread {
        withExtendedLifetime(pipe) {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while case let count = read(descriptor, &buffer, buffer.count), count > 0 || (count < 0 && errno == EINTR) {
                if count > 0 { sink(Data(buffer.prefix(count))) }
            }
            sink(nil)
        }
    }
}
