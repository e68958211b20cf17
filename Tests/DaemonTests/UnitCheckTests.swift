import Foundation
import TestKit
import Testing

/// `fitnessd check --unit`, with programs in place of systemd's that say what they were asked for.
@Suite struct UnitCheckTests {
    private let unit = """
        # /usr/lib/systemd/system/fitnessd.service
        [Unit]
        Description=x

        [Service]
        Type=notify
        ExecStart=/nowhere/fitnessd run
        User=root
        LoadCredential=FITNESSD_DATABASE_URL:FOLDER/url
        RuntimeDirectory=fitnessd
        Restart=on-failure
        WatchdogSec=60
        Environment=FITNESSD_HTTP_LISTEN=off
        StateDirectory=%p
        SystemCallFilter=@system-service \\
          ~@mount

        # /etc/systemd/system/fitnessd.service.d/override.conf
        [Service]
        ExecStart=
        ExecStart=PROGRAM run --config FOLDER/fitnessd.env
        LoadCredential=
        LoadCredential=FITNESSD_STRAVA_CLIENT_SECRET:FOLDER/secret
        Environment="FITNESSD_STATE_DIR=FOLDER" FITNESSD_WEBHOOK_VERIFY_TOKEN=hush
        """

    /// Runs the check with this unit, and with what `prepare` does to the folder before. Nil for everybody but root, who alone may check a unit.
    private func check(
        _ text: String? = nil, active: String = "", arguments: [String] = ["check", "--unit"], prepare: (URL) throws -> Void = { _ in }
    ) async throws -> (code: Int32, output: String)? {
        if geteuid() != 0 {
            let refused = try await DaemonProcess.run("fitnessd", ["check", "--unit"], environment: [:])
            #expect(refused.code == 1 && refused.output.contains("run it with sudo"), "\(refused.output)")
            return nil
        }
        return try await withTemporaryFolder { folder in
            func write(_ name: String, _ text: String, mode: Int = 0o600) throws {
                let path = folder.appending(path: name)
                let replaced = text.replacing("FOLDER", with: folder.path).replacing("PROGRAM", with: try builtProgram("fitnessd").path)
                try Data(replaced.utf8).write(to: path)
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path.path)
            }
            try write("unit", text ?? unit)
            try write("fitnessd.env", "FITNESSD_STRAVA_CLIENT_ID=1\n")
            try write("secret", "hush")
            try write(
                "systemctl",
                """
                #!/bin/sh
                case "$1" in
                cat) for name; do :; done; [ "$name" = fitnessd.service ] && exec cat FOLDER/unit; echo "No files found for $name." >&2; exit 1;;
                is-active) for name; do :; done; [ "$name" = "\(active)" ];;
                show) echo no;;
                esac
                """, mode: 0o755)
            try write(
                "systemd-run",
                """
                #!/bin/sh
                settings=
                while [ $# -gt 0 ]; do
                    case "$1" in
                    --) shift; break;;
                    EnvironmentFile=/run/fitnessd-check-*)
                        settings="$settings $(tr -d '"' <"${1#EnvironmentFile=}" | tr '\\n' ' ')";;
                    *) echo "asked: $1";;
                    esac
                    shift
                done
                mkdir -p FOLDER/passed; cp FOLDER/secret FOLDER/passed/FITNESSD_STRAVA_CLIENT_SECRET 2>/dev/null
                echo "run: $*"
                exec env -i PATH="$PATH" INVOCATION_ID=1 CREDENTIALS_DIRECTORY=FOLDER/passed $settings \
                    FITNESSD_STRAVA_API_URL=http://127.0.0.1:1 "$@"
                """, mode: 0o755)
            try prepare(folder)
            return try await DaemonProcess.run(
                "fitnessd", arguments, environment: ["PATH": "\(folder.path):/usr/bin:/bin", "FITNESSD_SAMPLE": "misspelt"])
        }
    }

    @Test func `check runs with the unit's settings, drop-ins included, not with those of the caller`() async throws {
        guard let result = try await check() else { return }
        #expect(result.output.contains("override.conf, not running"), "\(result.output)")
        #expect(result.output.contains("ok    credential: FITNESSD_STRAVA_CLIENT_SECRET from"))
        for asked in [
            "User=root", "StateDirectory=fitnessd", "RuntimeDirectoryPreserve=yes", "SystemCallFilter=@system-service  ~@mount",
        ] { #expect(result.output.contains("asked: \(asked)\n"), "\(asked): \(result.output)") }
        for other in ["asked: Environment", "asked: Type", "Restart=", "Watchdog", "asked: ExecStart", "DATABASE_URL:"] {
            #expect(!result.output.contains(other), "\(other): \(result.output)")
        }
        #expect(result.output.contains(#/run: \S+fitnessd check --config \S+fitnessd.env\n/#))
        #expect(result.output.contains("would run the daemon") && !result.output.contains("FITNESSD_SAMPLE"), "\(result.output)")
        #expect(!result.output.contains("hush"))
    }

    @Test func `config shows what the service has, and nothing else`() async throws {
        guard let result = try await check(arguments: ["config", "--unit"]) else { return }
        #expect(result.code == 0 && result.output.contains(#/run: \S+fitnessd config --config \S+fitnessd.env\n/#), "\(result.output)")
        #expect(result.output.contains(#/FITNESSD_WEBHOOK_VERIFY_TOKEN +\*\*\*  \(environment\)/#))
        #expect(!result.output.contains("hush") && !result.output.contains("ok    "))
    }

    @Test func `a service without credentials is told what run would say, not that it would run the demo`() async throws {
        let without = unit.replacing("LoadCredential=FITNESSD_STRAVA_CLIENT_SECRET:FOLDER/secret", with: "")
        let result = try await check(without) { folder in
            try FileManager.default.removeItem(at: folder.appending(path: "secret"))
            try Data().write(to: folder.appending(path: "fitnessd.env"))
        }
        guard let result else { return }
        #expect(result.code == 1 && result.output.contains("no Strava credentials are configured"), "\(result.output)")
    }

    @Test(arguments: [
        (
            "FITNESSD_STRAVA_CLIENT_SECRET:FOLDER/secret", "FITNESSD_STRAVA_CLIENT_SECRET:FOLDER/gone",
            "is not there, so systemd won't start"
        ),
        ("User=root", "User=nobody-of-that-name", "there is no user nobody-of-that-name"),
        ("PROGRAM run", "/bin/sh -c fitnessd", "does not start fitnessd itself"), ("PROGRAM run", "/nowhere/fitnessd run", "can't be run"),
        ("Type=notify", "EnvironmentFile=FOLDER/gone.env", "gone.env can't be read, so systemd won't start"),
        ("Type=notify", "EnvironmentFile=-FOLDER/gone.env", "is not there, which the unit allows"),
        ("FITNESSD_STRAVA_CLIENT_SECRET:FOLDER/secret", "FITNESSD_STRAVA_CLIENT_SECRET", "comes from systemd's own store"),
        ("FITNESSD_STRAVA_CLIENT_SECRET:FOLDER/secret", ":", "LoadCredential=: has no name: write NAME:/path"),
    ])
    func `what systemd would stumble over is told`(old: String, new: String, sentence: String) async throws {
        guard let result = try await check(unit.replacing(old, with: new)) else { return }
        #expect(result.code == 1 && result.output.contains(sentence), "\(result.output)")
    }

    @Test func `a secret that everybody can read is told`() async throws {
        let result = try await check { folder in
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: folder.appending(path: "secret").path)
        }
        guard let result else { return }
        #expect(result.code == 1 && result.output.contains("everybody can read"), "\(result.output)")
    }

    @Test func `a socket that systemd holds is not asked, since that would start the service`() async throws {
        guard let result = try await check(active: "fitnessd.socket") else { return }
        let text = result.output
        #expect(text.contains("--unserved") && text.contains("is held by systemd until the service starts"), "\(text)")
    }

    @Test func `an unknown unit and a wrong name are told`() async throws {
        guard let unknown = try await check(arguments: ["check", "--unit", "other"]),
            let wrong = try await check(arguments: ["check", "--unit", "a b"])
        else {
            return
        }
        #expect(unknown.code == 1 && unknown.output.contains("No files found for other.service."), "\(unknown.output)")
        #expect(wrong.code == 1 && wrong.output.contains("is not the name of a service"), "\(wrong.output)")
    }
}
