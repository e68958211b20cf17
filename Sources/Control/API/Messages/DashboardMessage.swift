/// `GET /v1/dashboard`: how dashboards on this machine reach the private PostgreSQL. The password is in a file.
public struct DashboardMessage: Codable, Sendable, Equatable {
    /// For libpq and what is built on it; names the password file.
    public let url: String
    public let host: String
    public let port: Int
    public let database: String
    public let user: String
    /// In libpq's format, readable to the daemon's account alone.
    public let passfile: String

    /// - Parameter passfile: the path of the password file.
    public init(url: String, host: String, port: Int, database: String, user: String, passfile: String) {
        self.url = url
        self.host = host
        self.port = port
        self.database = database
        self.user = user
        self.passfile = passfile
    }
}
