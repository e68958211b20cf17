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
        for folder in ["db", "sql", "web"] { #expect(lastStage.contains("COPY \(folder) /usr/share/fitnessd/\(folder)")) }
        #expect(lastStage.contains { $0.contains("FITNESSD_SHARE_DIR=/usr/share/fitnessd") })
    }

    @Test func `only the port for the public is exposed; the operator's page and the metrics stay in the container`() {
        #expect(lastStage.filter { $0.hasPrefix("EXPOSE") } == ["EXPOSE 8080"])
        #expect(lastStage.contains { $0.contains("FITNESSD_HTTP_LISTEN=0.0.0.0:8080") })
        #expect(lastStage.contains { $0.contains("FITNESSD_ADMIN_LISTEN=127.0.0.1:8081") })
    }

    @Test func `the documented docker run has what run requires, and publishes on loopback alone`() throws {
        let page = try String(contentsOf: checkout.appending(path: "docs/container.md"), encoding: .utf8)
        let line = try #require(page.firstRange(of: #/docker run -d (.+\\\n)+.+/#).map { page[$0] })
        let keys = ["DATABASE_URL_FILE", "VAULT_KEY", "STRAVA_CLIENT_ID", "STRAVA_CLIENT_SECRET_FILE", "PUBLIC_URL"]
        for key in keys { #expect(line.contains("-e FITNESSD_\(key)="), "\(key)") }
        #expect(line.matches(of: #/ -p /#).count == 1 && line.contains(" -p 127.0.0.1:8080:8080 "))
        #expect(line.contains(":/var/lib/fitnessd "), "the keyring must outlive the container")
    }

    @Test func `the builder installs what make installs`() throws {
        let script = try #require(SourceTree.shared.file("scripts/packages")).text
        let dockerfile = lines.joined(separator: "\n")
        for package in ["libpq-dev", "libcurl4-openssl-dev", "libssl-dev", "libsimdjson-dev", "zlib1g-dev", "pkg-config"] {
            #expect(script.contains(package) && dockerfile.contains(package), "\(package)")
        }
    }
}
