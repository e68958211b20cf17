import Foundation
import TestKit
import Testing

/// What `make install` puts where, and the pages that are made from the programs' own help. The Debian package itself is tried by
/// `make test-package`.
@Suite struct PackagingTests {
    private static let programs = ["fitnessd", "fitnessctl", "strava-simulator"]

    private struct Tool: Decodable {
        struct Command: Decodable {
            struct Argument: Decodable {
                struct Name: Decodable {
                    let kind: String
                    let name: String
                }
                let shouldDisplay: Bool
                let names: [Name]?
            }
            let commandName: String
            let arguments: [Argument]?
            let subcommands: [Command]?
        }
        let command: Command
    }

    /// Installs everything under `prefix`, into a folder that stands for `/`.
    private func install(into folder: URL, prefix: String = "/usr") async throws {
        let programs = try builtProgram("fitnessd").deletingLastPathComponent().path
        let settings = ["DESTDIR": folder.path, "PREFIX": prefix, "PROGRAMS": programs, "STRIP": "no"]
        let environment = ProcessInfo.processInfo.environment.merging(settings) { $1 }
        let answer = try await run(checkout.appending(path: "scripts/install").path, [], environment: environment)
        try #require(answer.status == 0, "\(answer.output)")
    }

    /// Runs `body` with a folder that holds what is made from the programs' help and README.
    private func withPages(_ body: (URL) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let programs = try builtProgram("fitnessd").deletingLastPathComponent().path
            let answer = try await run(checkout.appending(path: "scripts/manual").path, ["--programs", programs, folder.path])
            try #require(answer.status == 0, "\(answer.output)")
            try await body(folder)
        }
    }

    private func text(_ folder: URL, _ path: String) throws -> String {
        try String(contentsOf: folder.appending(path: path), encoding: .utf8)
    }

    /// A page without what only roff needs, so that words can be looked for.
    private func page(_ folder: URL, _ name: String) throws -> String {
        try text(folder, "man/\(name)").replacing("\\-", with: "-").replacing(#/\\f[BIR]/#, with: "")
    }

    private func keys() throws -> Set<String> {
        let readme = try #require(SourceTree.shared.file("README.md"))
        let table = readme.lines.filter { $0.hasPrefix("| `FITNESSD_") }
        return Set(table.flatMap { $0.split(separator: "|")[0].matches(of: #/`(FITNESSD_[A-Z_]+)`/#).map { String($0.1) } })
    }

    @Test func `what is installed finds itself, wherever its prefix is`() async throws {
        try await withTemporaryFolder { folder in
            let prefix = "/opt/fitness"
            try await install(into: folder, prefix: prefix)
            let unit = try text(folder, "\(prefix)/lib/systemd/system/fitnessd.service")
            #expect(!unit.contains("/usr/"))
            let start = try #require(unit.firstMatch(of: #/\nExecStart=(\S+)/#)).1
            #expect(FileManager.default.isExecutableFile(atPath: folder.path + start), "\(start)")
            let share = try #require(unit.firstMatch(of: #/FITNESSD_SHARE_DIR=(\S+)/#)).1
            let document = try #require(unit.firstMatch(of: #/file:(\S+)/#)).1
            for path in [
                "\(share)/db/migrations", "\(share)/sql/silver", "\(share)/web/templates", "\(share)/web/assets/style.css", "\(document)",
            ] {
                #expect(FileManager.default.fileExists(atPath: folder.path + path), "\(path)")
            }
        }
    }

    @Test func `settings are not for everyone and stay when they are there, and links of documents lead to files`() async throws {
        try await withTemporaryFolder { folder in
            try await install(into: folder)
            let manager = FileManager.default
            let file = folder.appending(path: "etc/fitnessd/fitnessd.env").path
            #expect(try manager.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o640)
            #expect(try manager.attributesOfItem(atPath: folder.path + "/etc/fitnessd")[.posixPermissions] as? Int == 0o750)
            try Data("FITNESSD_SAMPLE=7\n".utf8).write(to: URL(filePath: file))
            try await install(into: folder)
            #expect(try text(folder, "etc/fitnessd/fitnessd.env") == "FITNESSD_SAMPLE=7\n")
            try checkLinks(folder.appending(path: "usr/share/doc/fitnessd"))
        }
    }

    private func checkLinks(_ root: URL) throws {
        let pages = try FileManager.default.contentsOfDirectory(atPath: root.path + "/docs").filter { $0.hasSuffix(".md") }
        for document in ["README.md", "SECURITY.md"] + pages.map({ "docs/\($0)" }) {
            let place = root.appending(path: document)
            for link in try String(contentsOf: place, encoding: .utf8).matches(of: #/\]\(([^)#:]+)(#[^)]*)?\)/#) {
                let target = place.deletingLastPathComponent().appending(path: String(link.1)).path
                #expect(FileManager.default.fileExists(atPath: target), "\(document): \(link.1)")
            }
        }
    }

    @Test func `the example has every setting, and fitnessd accepts each default in it`() async throws {
        try await withPages { folder in
            let example = try text(folder, "fitnessd.env")
            let lines = example.split(separator: "\n").filter { $0.hasPrefix("#FITNESSD_") }
            #expect(Set(lines.map { String($0.dropFirst().prefix { $0 != "=" }) }) == (try keys()))
            #expect(!example.contains(#/(?m)^[^#\n]/#), "nothing is set by it")
            let file = folder.appending(path: "defaults.env")
            try Data(lines.map { $0.dropFirst() + "\n" }.joined().utf8).write(to: file)
            let environment = ["HOME": folder.path, "PATH": "/usr/bin:/bin", "XDG_STATE_HOME": folder.path + "/state"]
            let check = try await run(try builtProgram("fitnessd").path, ["check", "--config", file.path], environment: environment)
            #expect(check.output.contains("ok    configuration:"), "\(check.output)")
        }
    }

    @Test func `the pages have every command, option and setting`() async throws {
        try await withPages { folder in
            for (program, path) in zip(Self.programs, ["fitnessd.8", "fitnessctl.1", "strava-simulator.1"]) {
                let page = try page(folder, path)
                let description = try await run(try builtProgram(program).path, ["--experimental-dump-help"])
                let tool = try JSONDecoder().decode(Tool.self, from: Data(description.output.utf8))
                for (command, options) in leaves(tool.command, []) {
                    #expect(command.isEmpty || page.contains("\n.SS \(command)\n"), "\(path) lacks \(command)")
                    for option in options { #expect(page.contains(option), "\(path) lacks \(option) of \(command)") }
                }
            }
            let settings = try page(folder, "fitnessd.conf.5")
            for key in try keys() { #expect(settings.contains(key), "\(key)") }
        }
    }

    /// The commands that do something, with their visible options.
    private func leaves(_ command: Tool.Command, _ path: [String]) -> [(String, [String])] {
        let children = (command.subcommands ?? []).filter { $0.commandName != "help" }
        if !children.isEmpty { return children.flatMap { leaves($0, path + [$0.commandName]) } }
        let options = (command.arguments ?? []).filter(\.shouldDisplay).flatMap { $0.names ?? [] }
        return [(path.joined(separator: " "), options.map { ($0.kind == "short" ? "-" : "--") + $0.name })]
    }

    @Test func `man and mandoc find nothing wrong with the pages`() async throws {
        try await withPages { folder in
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/man").map { "\(folder.path)/man/\($0)" }
            #expect(files.count >= 4)
            let environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "80"]
            for file in files {
                let options = ["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"]
                let shown = try await run("/usr/bin/man", options + [file], environment: environment)
                #expect(shown.status == 0 && !shown.output.contains("warning:"), "\(file): \(shown.output.prefix(400))")
            }
            let lint = try await run("/usr/bin/mandoc", ["-Tlint", "-Wwarning"] + files, environment: environment)
            #expect(lint.status == 0, "\(lint.output)")
        }
    }

    @Test func `each resolved package is named in the notices, and C code that it carries`() async throws {
        let answer = try await run(checkout.appending(path: "scripts/notices").path, [])
        try #require(answer.status == 0, "\(answer.output.suffix(400))")
        let package = try #require(SourceTree.shared.file("Package.swift")).text
        for match in package.matches(of: #/\.package\(url: "[^"]*\/([^"\/]+?)(\.git)?", exact: "([^"]+)"\)/#) {
            #expect(answer.output.contains("  \(match.1) \(match.3), "), "\(match.1)")
        }
        for holder in ["The BoringSSL Authors", "Fedor Indutny", "Swift's runtime"] { #expect(answer.output.contains(holder), "\(holder)") }
    }

    @Test func `a release build has one flavour everywhere`() throws {
        let script = try #require(SourceTree.shared.file("scripts/build")).text
        #expect(script.contains("*release*) set -- \"$@\" --static-swift-stdlib"))
        let others = SourceTree.shared.files.filter {
            $0.path.hasPrefix("scripts/") && $0.path != "scripts/build" || ["Makefile", "Dockerfile", ".ci/run"].contains($0.path)
        }
        for file in others {
            for (number, line) in file.lines.enumerated() {
                #expect(!line.contains(#/swift build .*release/#), "\(file.path):\(number + 1): use scripts/build")
            }
        }
    }
}
