import ControlAPI
import Foundation

/// `--unit` of `fitnessd check` and `fitnessd config`: what the service will have. First what only root can see: the unit, its account, its credentials. Then the command itself in a
/// service of its own with the unit's settings, so that account, environment, credentials and sandbox are systemd's.
struct UnitCheck {
    private let name: String
    /// The command of fitnessd and its options.
    private let command: [String]
    private let findings: CheckFindings

    init(name: String?, command: [String], findings: CheckFindings) {
        let name = name ?? "fitnessd"
        self.name = name.contains(".") ? name : name + ".service"
        self.command = command
        self.findings = findings
    }

    func run() {
        guard geteuid() == 0 else {
            return findings.wrong("unit", "only root can see what the service will have: run it with sudo")
        }
        guard let unit = read() else { return }
        checkAccount(unit)
        checkFiles(unit)
        guard let arguments = arguments(unit) else { return }
        runAsService(unit, arguments)
    }

    private var isCheck: Bool { command == ["check"] }

    // MARK: As root

    private func read() -> ServiceUnit? {
        guard name.contains(#/^[A-Za-z0-9:_.@\\-]+\.service$/#) else {
            findings.wrong("unit", "\(PlainText.of(name)) is not the name of a service")
            return nil
        }
        guard let shown = Self.capture("systemctl", ["cat", "--no-pager", "--", name]) else {
            findings.wrong(
                "unit", "systemctl is missing: without systemd only `fitnessd check` with the service's settings and account is possible")
            return nil
        }
        guard shown.status == 0 else {
            findings.wrong("unit", "systemctl can't show \(name): \(Self.firstLine(shown.errors))")
            return nil
        }
        let unit = ServiceUnit(name: name, text: shown.output)
        findings.good("unit", "\(unit.files.joined(separator: ", ")), \(isActive(name) ? "running" : "not running")")
        if Self.capture("systemctl", ["show", "--property=NeedDaemonReload", "--value", "--", name])?.output.hasPrefix("yes") ?? false {
            findings.wrong("unit", "its files were changed and systemd has not read them yet: systemctl daemon-reload")
        }
        return unit
    }

    private func isActive(_ name: String) -> Bool { Self.capture("systemctl", ["is-active", "--quiet", "--", name])?.status == 0 }

    private func checkAccount(_ unit: ServiceUnit) {
        guard let user = unit.value("User").map(unit.expanded) else {
            return findings.note("account", "the unit names no User=, so the service runs as root")
        }
        if getpwnam(user) == nil, uid_t(user) == nil, unit.value("DynamicUser") == nil {
            return findings.wrong(
                "account", "there is no user \(PlainText.of(user)): systemd-sysusers makes it from fitnessd's sysusers.d file")
        }
        findings.good("account", PlainText.of(user))
    }

    /// The files that systemd itself reads, as root, before it starts the service.
    private func checkFiles(_ unit: ServiceUnit) {
        for value in unit.values("EnvironmentFile").map(unit.expanded) where !value.isEmpty {
            let path = value.hasPrefix("-") ? String(value.dropFirst()) : value
            if access(path, R_OK) == 0 {
                findings.good("environment file", PlainText.of(path))
            } else if value.hasPrefix("-") {
                findings.note("environment file", "\(PlainText.of(path)) is not there, which the unit allows")
            } else {
                findings.wrong("environment file", "\(PlainText.of(path)) can't be read, so systemd won't start the service: make the file")
            }
        }
        for key in ["LoadCredential", "LoadCredentialEncrypted"] {
            for value in unit.values(key).map(unit.expanded) where !value.isEmpty { checkCredential(value) }
        }
        for value in unit.values("SetCredential") + unit.values("SetCredentialEncrypted") where !value.isEmpty {
            findings.note(
                "credential", "\(PlainText.of(String(value.prefix { $0 != ":" }))) is written in the unit itself, and is not tried")
        }
    }

    private func checkCredential(_ value: String) {
        let parts = value.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let label = PlainText.of(parts[0])
        if label.isEmpty { return findings.wrong("credential", "LoadCredential=\(PlainText.of(value)) has no name: write NAME:/path") }
        guard parts.count == 2, parts[1].hasPrefix("/") else {
            return findings.note("credential", "\(label) comes from systemd's own store, where only the start will look for it")
        }
        let path = PlainText.of(parts[1])
        var status = stat()
        guard stat(parts[1], &status) == 0 else {
            return findings.wrong(
                "credential", "\(label): \(path) is not there, so systemd won't start the service: write the secret into it")
        }
        guard status.st_mode & S_IFMT != S_IFREG || status.st_mode & 0o007 == 0 else {
            return findings.wrong("credential", "\(label): everybody can read \(path): chmod 600 \(path)")
        }
        findings.good("credential", "\(label) from \(path)")
    }

    // MARK: As the service

    /// The program of the unit, and how to call it for a check; nil: the unit starts something else.
    private func arguments(_ unit: ServiceUnit) -> [String]? {
        let command = unit.command
        guard let program = command.first, URL(filePath: program).lastPathComponent == "fitnessd" else {
            findings.wrong("unit", "ExecStart= does not start fitnessd itself, so what it would run can't be checked")
            return nil
        }
        guard access(program, X_OK) == 0 else {
            findings.wrong("unit", "\(PlainText.of(program)) can't be run: install fitnessd there, or change ExecStart=")
            return nil
        }
        var arguments = [program] + self.command
        var rest = command.dropFirst()[...]
        while let word = rest.popFirst() {
            if word == "--demo" && isCheck || word.hasPrefix("--config=") { arguments.append(word) }
            if word == "--config", let path = rest.popFirst() { arguments += [word, path] }
        }
        // A socket that systemd holds would start the service when it is asked who serves it.
        if isCheck, !isActive(name), isActive(String(name.dropLast("service".count)) + "socket") { arguments.append("--unserved") }
        return arguments
    }

    private func runAsService(_ unit: ServiceUnit, _ arguments: [String]) {
        var options = ["--quiet", "--wait", "--pipe", "--collect", "--service-type=exec"]
        // Everybody can read the arguments of a process, so variables, which may be secrets, go through a file. Files of the unit override it.
        let variables: TemporaryFile
        do { variables = try TemporaryFile(lines: unit.environment.map(Self.environmentLine)) } catch {
            return findings.wrong("unit", "the service's environment can't be written to a file under /run: \(error)")
        }
        defer { variables.remove() }
        options += ["--property", "EnvironmentFile=\(variables.path)"]
        for assignment in unit.assignments where Self.isOfProcess(assignment.key) {
            options += ["--property", "\(assignment.key)=\(unit.expanded(assignment.value))"]
        }
        // The running service's directory must outlive the check.
        options += ["--property", "RuntimeDirectoryPreserve=yes"]
        findings.note(
            "unit", "what follows is what the service itself finds; starting, watchdog and restarts are systemd's and are not tried")
        guard let code = Self.passThrough("systemd-run", options + ["--"] + arguments) else {
            return findings.wrong("unit", "systemd-run is missing, so the check can't run as the service would")
        }
        if code != 0 { findings.add(1) }
    }

    /// Whether the setting shapes the process that is started. Others say when and how it is started, watched and stopped.
    private static func isOfProcess(_ key: String) -> Bool {
        let kinds = [
            "Exec", "Restart", "Timeout", "Watchdog", "Standard", "TTY", "Kill", "FileDescriptorStore", "SuccessExit", "RuntimeMax",
            "LogRate",
        ]
        let names = [
            "Environment", "SetCredential", "SetCredentialEncrypted", "Type", "NotifyAccess", "PIDFile", "BusName", "GuessMainPID",
            "RemainAfterExit", "NonBlocking", "Sockets", "SendSIGHUP",
            "SendSIGKILL", "FinalKillSignal", "ReloadSignal", "WatchdogSignal", "OOMPolicy", "RuntimeRandomizedExtraSec",
            "SyslogIdentifier",
        ]
        return !names.contains(key) && !kinds.contains { key.hasPrefix($0) && key != "ExecPaths" && key != "ExecSearchPath" }
    }

    /// A variable as a line that systemd reads back as it was (systemd.exec(5), `EnvironmentFile=`).
    private static func environmentLine(_ variable: String) -> String {
        let name = variable.prefix { $0 != "=" }
        let value = variable.dropFirst(name.count + 1).replacing(#/["\\$`]/#) { "\\\($0.0)" }
        return "\(name)=\"\(value)\""
    }

    // MARK: Programs

    private static func capture(_ program: String, _ arguments: [String]) -> (status: Int32, output: String, errors: String)? {
        guard let process = process(program, arguments) else { return nil }
        let (output, errors) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (output, errors)
        guard (try? process.run()) != nil else { return nil }
        // Both are a few kilobytes: neither fills its pipe while the other is read.
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let complaint = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self), String(decoding: complaint, as: UTF8.self))
    }

    /// Runs the program with our own outputs and returns its exit code.
    private static func passThrough(_ program: String, _ arguments: [String]) -> Int32? {
        guard let process = process(program, arguments) else { return nil }
        fflush(nil)
        guard (try? process.run()) != nil else { return nil }
        process.waitUntilExit()
        return process.terminationStatus
    }

    private static func process(_ program: String, _ arguments: [String]) -> Process? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        let paths: [String] = folders.map { "\($0)/\(program)" }
        guard let path = paths.first(where: { access($0, X_OK) == 0 }) else { return nil }
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        return process
    }

    private static func firstLine(_ text: String) -> String { PlainText.of(text.split(separator: "\n").first.map(String.init) ?? "") }
}

/// A file that only root can read, for a moment.
private struct TemporaryFile {
    let path: String

    init(lines: [String]) throws {
        path = "/run/fitnessd-check-\(UUID().uuidString)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw ConfigurationError(String(cString: strerror(errno))) }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try file.write(contentsOf: Data(lines.map { $0 + "\n" }.joined().utf8))
    }

    func remove() { unlink(path) }
}
