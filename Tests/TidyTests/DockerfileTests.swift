import Foundation
import TestKit
import Testing

/// What can be known of the image without building it.
@Suite struct DockerfileTests {
    private var lines: [Substring] { SourceTree.shared.file("Dockerfile")?.lines ?? [] }

    /// The instructions after the last FROM make the image that runs.
    private var lastStage: [Substring] { lines.lastIndex { $0.hasPrefix("FROM ") }.map { Array(lines[$0...]) } ?? [] }

    @Test func `what is copied in is there and not ignored`() throws {
        let ignored = try #require(SourceTree.shared.file(".dockerignore")).lines
        let copied = lines.filter { $0.hasPrefix("COPY ") && !$0.contains("--from=") }.flatMap {
            $0.split(separator: " ").dropFirst().dropLast()
        }
        #expect(copied.count >= 4)
        for path in copied {
            #expect(FileManager.default.fileExists(atPath: checkout.appending(path: String(path)).path), "\(path)")
            #expect(ignored.contains("!\(path)"), "\(path)")
        }
    }

    @Test func `it runs as a user that is not root, with a health check and its SQL files`() {
        let user = lastStage.last { $0.hasPrefix("USER ") }?.split(separator: " ").last?.split(separator: ":").first
        #expect(user.flatMap { Int($0) }.map { $0 > 0 } == true)
        #expect(lastStage.contains { $0.hasPrefix("HEALTHCHECK ") })
        #expect(lastStage.contains { $0.hasPrefix("COPY db /usr/share/fitnessd/") })
        #expect(lastStage.contains { $0.contains("FITNESSD_SHARE_DIR=/usr/share/fitnessd") })
    }

    @Test func `the builder installs what make installs`() throws {
        let script = try #require(SourceTree.shared.file("scripts/packages")).text
        let dockerfile = lines.joined(separator: "\n")
        for package in ["libpq-dev", "libcurl4-openssl-dev", "libssl-dev", "libsimdjson-dev", "zlib1g-dev", "pkg-config"] {
            #expect(script.contains(package) && dockerfile.contains(package), "\(package)")
        }
    }
}
