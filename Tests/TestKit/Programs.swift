import Foundation

/// A program of this package as the build that is being tested made it.
/// - Throws: when it is not built: `swift build --build-tests` makes all of them.
public func builtProgram(_ name: String) throws -> URL {
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let program = URL(filePath: tests).deletingLastPathComponent().appending(path: name)
    guard FileManager.default.isExecutableFile(atPath: program.path) else { throw NotBuilt(path: program.path) }
    return program
}

struct NotBuilt: Error, CustomStringConvertible {
    let path: String

    var description: String { "\(path) is not there: run swift build --build-tests first" }
}
