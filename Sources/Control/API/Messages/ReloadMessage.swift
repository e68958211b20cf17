/// `POST /v1/reload`: what became of settings that were read again.
public struct ReloadMessage: Codable, Sendable, Equatable {
    /// The names of the changed settings that are in force now.
    public let applied: [String]
    /// The names of settings that have changed since the start and need a restart.
    public let needRestart: [String]
    /// A sentence for each setting that can't be used. If there is one, all old settings stay in force.
    public let refused: [String]

    public init(applied: [String] = [], needRestart: [String] = [], refused: [String] = []) {
        self.applied = applied
        self.needRestart = needRestart
        self.refused = refused
    }

    enum CodingKeys: String, CodingKey {
        case applied, refused
        case needRestart = "need_restart"
    }
}
