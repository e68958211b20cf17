import Foundation
import TestKit
import Testing

/// `fitnessd config`: what is in force, where it comes from, and what is never shown.
@Suite struct ConfigTests {
    private struct Shown: Decodable {
        struct Setting: Decodable {
            let key: String
            let value: String?
            let source: String
            let path: String?
            let secret: Bool
        }
        let settings: [Setting]

        subscript(key: String) -> Setting? { settings.first { $0.key == key } }
    }

    private struct List: Decodable {
        struct Setting: Decodable {
            let key: String
            let `default`: String?
            let unset: String?
            let reloadable: Bool
            let meaning: String
        }
        let settings: [Setting]
    }

    private func config(_ environment: [String: String], _ arguments: [String] = []) async throws -> (code: Int32, output: String) {
        try await DaemonProcess.run("fitnessd", ["config"] + arguments, environment: ["HOME": "/nonexistent"].merging(environment) { $1 })
    }

    private func shown(_ environment: [String: String], _ arguments: [String] = []) async throws -> Shown {
        let result = try await config(environment, ["--json"] + arguments)
        try #require(result.code == 0, "\(result.output)")
        return try JSONDecoder().decode(Shown.self, from: Data(result.output.utf8))
    }

    private func list() async throws -> [List.Setting] {
        let result = try await config([:], ["--list-settings"])
        return try JSONDecoder().decode(List.self, from: Data(result.output.utf8)).settings
    }

    @Test func `README's table is that of the program, row for row`() async throws {
        let readme = try String(contentsOf: checkout.appending(path: "README.md"), encoding: .utf8)
        let settings = try await list()
        #expect(settings.count > 25)
        let rows = settings.map { setting in
            let standard = setting.default.map { "`\($0)`" } ?? setting.unset ?? ""
            return "| `\(setting.key)` | \(standard) | \(setting.meaning) | \(setting.reloadable ? "yes" : "no") |"
        }
        #expect(readme.contains(rows.joined(separator: "\n")), "the table should be:\n\(rows.joined(separator: "\n"))")
    }

    @Test func `each value is shown with its source, the first source first`() async throws {
        try await withTemporaryFolder { folder in
            func write(_ name: String, _ text: String) throws -> String {
                let path = folder.appending(path: name).path
                try Data(text.utf8).write(to: URL(filePath: path))
                return path
            }
            let file = try write(
                "fitnessd.env",
                "FITNESSD_SAMPLE=7\nFITNESSD_LOG_LEVEL=debug\nFITNESSD_STRAVA_CLIENT_ID=12\nFITNESSD_CORS_ORIGIN=\nFITNESSD_MODEL_ACCESS=off\n"
            )
            let secret = try write("secret", "hush-1\n")
            _ = try write("fitnessd_webhook_verify_token", "hush-2\n")
            _ = try write("FITNESSD_VAULT_KEY", "not a keyring")
            let settings = try await shown(
                [
                    "FITNESSD_LOG_LEVEL": "warning", "FITNESSD_STRAVA_CLIENT_SECRET_FILE": secret, "CREDENTIALS_DIRECTORY": folder.path,
                    "FITNESSD_DATABASE_URL": "postgresql://ann:hush-3@db.example.org/fitness?sslmode=require&sslpassword=hush-4",
                    "FITNESSD_MODEL_ACCESS": "", "FITNESSD_STATE_DIR": folder.path,
                ], ["--config", file])
            func check(_ key: String, _ value: String?, _ source: String, _ path: String? = nil) {
                let setting = settings[key]
                #expect(
                    setting?.value == value && setting?.source == source && setting?.path == path, "\(key): \(String(describing: setting))")
            }
            check("FITNESSD_LOG_LEVEL", "warning", "environment")
            check("FITNESSD_SAMPLE", "7", "file", file)
            check("FITNESSD_MODEL_ACCESS", "off", "file", file)
            check("FITNESSD_CORS_ORIGIN", nil, "default")
            check("FITNESSD_STRAVA_CLIENT_SECRET", "***", "secret_file", secret)
            check("FITNESSD_WEBHOOK_VERIFY_TOKEN", "***", "credential", folder.path + "/fitnessd_webhook_verify_token")
            check("FITNESSD_VAULT_KEY", folder.path + "/FITNESSD_VAULT_KEY", "credential", folder.path + "/FITNESSD_VAULT_KEY")
            check("FITNESSD_DATABASE_URL", "postgresql://ann:***@db.example.org/fitness?sslmode=require&sslpassword=***", "environment")
            check("FITNESSD_REQUESTS_IN_FLIGHT", "32", "default")
            check("FITNESSD_PUBLIC_URL", "http://localhost:8080", "default")
            check("FITNESSD_STATE_DIR", folder.path, "environment")
        }
    }

    @Test(arguments: [
        ("postgresql://ann:hush@db/x", "postgresql://ann:***@db/x"), ("postgres://ann@db:5432/x", "postgres://ann@db:5432/x"),
        ("postgresql:///x?host=/run/postgresql", "postgresql:///x?host=/run/postgresql"),
        ("postgresql://ann:hush@[::1]:5432,db2:1/x", "postgresql://ann:***@[::1]:5432,db2:1/x"),
        ("postgresql://db/x?password=hush&sslmode=require", "postgresql://db/x?password=***&sslmode=require"),
        ("postgresql://ann:hu@sh@db/x", "***"), ("postgresql://ann:hu/sh@db/x", "***"), ("postgresql://ann:hu?sh@db/x", "***"),
        ("postgresql://ann:hush", "***"), ("host=db password=hush", "***"), ("hush", "***"),
        ("postgresql://ann:hush@db/x?hush", "postgresql://ann:***@db/x?***"),
        ("postgresql://ann:hush@db/x#hush", "***"), ("postgresql://ann:hush @db/x", "***"),
    ])
    func `a database's URL is shown without what could be a password`(url: String, expected: String) async throws {
        let result = try await config(["FITNESSD_DATABASE_URL": url, "FITNESSD_STATE_DIR": "/nonexistent"])
        #expect(!result.output.contains("hu"), "\(result.output)")
        let line = result.output.split(separator: "\n").first { $0.hasPrefix("FITNESSD_DATABASE_URL") } ?? ""
        #expect(line.contains(" \(expected) "), "\(line)")
    }

    @Test func `a wrong setting is an error here, too, and shows no value`() async throws {
        let result = try await config(["FITNESSD_SAMPLE": "hush", "FITNESSD_LOG_LEVEL": "hush", "FITNESSD_STRAVA_CLIENT_SECRET": "hush"])
        #expect(result.code == 1 && result.output.contains("3 settings can't be used"), "\(result.output)")
        #expect(!result.output.contains("hush"), "\(result.output)")
    }

    /// One letter is missing, one is doubled, two are exchanged, the case is wrong.
    @Test func `each setting's misspelling is told with the right name, all at once`() async throws {
        let keys = try await list().map(\.key)
        func misspelt(_ key: String, _ change: Int) -> String {
            var letters = Array(key)
            let place = "FITNESSD_".count + (key.count - "FITNESSD_".count) / 2
            switch change {
            case 0: letters.remove(at: place)
            case 1: letters.insert(letters[place], at: place)
            case 2: letters.append("S")
            case 3: letters.swapAt(place, place + 1)
            default: return key.lowercased()
            }
            return String(letters)
        }
        for change in 0..<5 {
            var environment: [String: String] = [:]
            var expected: [String] = []
            for key in keys {
                let wrong = misspelt(key, change)
                if keys.contains(wrong) { continue }
                environment[wrong] = "1"
                expected.append("\(wrong) in the environment is not a setting of fitnessd: did you mean \(key)")
            }
            let result = try await config(environment)
            #expect(result.code == 1)
            for sentence in expected { #expect(result.output.contains(sentence), "\(sentence)") }
        }
    }

    @Test(arguments: [
        (["FITNESSD_PORT": "8080"], "FITNESSD_PORT in the environment is not a setting"),
        (["FITNESSD_SERVICE_HOST": "db.example.org"], "FITNESSD_SERVICE_HOST in the environment"),
        (["FITNESSD_DATABASE_URL": "x", "FITNESSD_DATABASE_URL_FILE": "/x"], "are both set in the environment: remove one"),
        (["FITNESSD_SAMPLE_FILE": "/x"], "did you mean FITNESSD_SAMPLE?"),
        (["FITNESSD_VAULT_KEY_FILE": "/x"], "did you mean FITNESSD_VAULT_KEY?"),
        (["FITNESSD_": "1"], "FITNESSD_ in the environment"), (["FITNESSD_SAMPLE\u{1B}[31m": "1"], "did you mean FITNESSD_SAMPLE?"),
    ])
    func `what only looks like a setting is refused`(environment: [String: String], sentence: String) async throws {
        let result = try await config(environment)
        #expect(result.code == 1 && result.output.contains(sentence) && !result.output.contains("\u{1B}"), "\(result.output)")
    }

    @Test(arguments: [
        ("FITNESSD_STRAVA_CLIENT_SECRT", "hush", "did you mean FITNESSD_STRAVA_CLIENT_SECRET?"),
        ("FITNESSD_SAMPLE", "1", "is passed as a credential, and only secrets are"),
        ("FITNESSD_DATABASE_URL", "\n", "which is empty"),
        ("FITNESSD_DATABASE_URL", String(repeating: "x", count: 70_000), "longer than 64 kB"),
        ("other-program", "x", ""),
    ])
    func `credentials that nothing would read are told`(name: String, content: String, sentence: String) async throws {
        try await withTemporaryFolder { folder in
            try Data(content.utf8).write(to: folder.appending(path: name))
            let result = try await config(["CREDENTIALS_DIRECTORY": folder.path, "FITNESSD_STATE_DIR": folder.path])
            #expect(result.code == (sentence.isEmpty ? 0 : 1) && (sentence.isEmpty || result.output.contains(sentence)), "\(result.output)")
        }
    }

    @Test func `what other libraries read is shown the way out of the settings file`() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "fitnessd.env")
            try Data("https_proxy=http://proxy.example.org\n".utf8).write(to: file)
            let result = try await config([:], ["--config", file.path])
            #expect(result.code == 1 && result.output.contains("goes into the environment"), "\(result.output)")
        }
    }
}
