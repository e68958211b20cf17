import ControlAPI

/// Finds names that look like settings and are none, and says which setting was probably meant.
enum UnknownKeys {
    private static let prefix = "FITNESSD_"
    private static let known = ConfigurationKeys.all.map(\.name) + ConfigurationKeys.all.filter(\.isSecret).map { $0.name + "_FILE" }
    private static let credentials = ConfigurationKeys.all.filter(\.isCredential).map(\.name)

    /// A sentence for each unknown name in the environment. Names without the prefix belong to other programs.
    static func faults(inEnvironment environment: [String: String]) -> [String] {
        environment.keys.sorted().compactMap { name in
            guard hasPrefix(name), !known.contains(name), !isInjected(name, environment[name] ?? "") else { return nil }
            return sentence(name, place: "in the environment")
        }
    }

    /// A sentence for each unknown name in a settings file, with or without the prefix: nothing else in it would have an effect.
    static func faults(inFile values: [String: String], path: String) -> [String] {
        values.keys.sorted().compactMap { known.contains($0) ? nil : sentence($0, place: "in \(path)") }
    }

    /// A sentence for each credential that is named like a setting and is not read. Credentials of other names may serve other programs.
    static func faults(inCredentials names: [String]) -> [String] {
        names.sorted().compactMap { name in
            guard hasPrefix(name), !credentials.contains(name), !credentials.contains(where: { $0.lowercased() == name }) else {
                return nil
            }
            if known.contains(name.uppercased()) {
                return "\(PlainText.of(name)) is passed as a credential, and only secrets are: set it in the environment or the file"
            }
            return sentence(name, place: "among the credentials", names: credentials)
        }
    }

    private static func hasPrefix(_ name: String) -> Bool { name.uppercased().hasPrefix(prefix) }

    private static func sentence(_ name: String, place: String, names: [String] = known) -> String {
        let begin = "\(PlainText.of(name)) \(place) is not a setting of fitnessd: "
        if let nearest = NearestName.of(stem(name), in: names.map(stem)) { return begin + "did you mean \(prefix + nearest)?" }
        if !hasPrefix(name) {
            return begin
                + "remove it; what other libraries read, such as https_proxy, goes into the environment (under systemd: Environment=)"
        }
        return begin + "README and fitnessd.conf(5) have the table of settings; remove it"
    }

    /// The name without the prefix that all share and that would make every pair look similar.
    private static func stem(_ name: String) -> String {
        let upper = name.uppercased()
        return upper.hasPrefix(prefix) ? String(upper.dropFirst(prefix.count)) : upper
    }

    /// Whether Kubernetes or Docker has set it: in every container they describe services of this or a longer name, as in
    /// `FITNESSD_SERVICE_HOST=10.0.0.1`, `FITNESSD_PORT=tcp://…`, `FITNESSD_PORT_8080_TCP_ADDR=…`, `FITNESSD_DB_SERVICE_PORT=5432`. The value
    /// must be of that form, too: `FITNESSD_PORT=8080` was written by a person.
    private static func isInjected(_ name: String, _ value: String) -> Bool {
        let stem = "_" + name.dropFirst(prefix.count)
        if stem.contains(#/_SERVICE_HOST$/#) { return value.contains(#/^[0-9a-fA-F.:]+$/#) }
        if stem.contains(#/_SERVICE_PORT(_[A-Z0-9_]+)?$/#) { return value.contains(#/^[0-9]+$/#) }
        if stem.contains(#/_PORT(_[0-9]+_(TCP|UDP|SCTP))?$/#) { return value.contains(#/^(tcp|udp|sctp):\/\//#) }
        return stem.contains(#/_PORT_[0-9]+_(TCP|UDP|SCTP)_(ADDR|PORT|PROTO)$/#)
    }
}
