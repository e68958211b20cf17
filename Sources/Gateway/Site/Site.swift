import ControlAPI
import Core
import Database
import Hummingbird
import Identity
import Logging
import Web

/// Asks the control API, as the admin with this account, or to look only. Returns a status of HTTP and a body of JSON.
public typealias AskControl = @Sendable (ControlTarget, [UInt8], AdminAccount?) async throws -> (status: Int, body: [UInt8])

/// The pages made from templates: what they stand on, and their routes by listener.
struct Site: Sendable {
    let web: WebFiles
    let sessions: WebSessions
    let authenticator: Authenticator
    let database: Database
    let clock: WallClock
    let logger: Logger
    /// Filled while the gateway runs.
    let lag = SilverLag()
    private let assets: AssetRoutes
    private let operatorPages: AdminRoutes
    private let control: AdminControl

    init(
        _ web: WebFiles, _ addresses: GatewayAddresses, _ publicURL: PublicURL, _ database: Database, _ authenticator: Authenticator,
        _ control: @escaping AskControl, _ clock: WallClock, _ logger: Logger
    ) {
        self.web = web
        sessions = WebSessions(
            desk: WebSessionDesk(database: database, clock: clock), publicURL: publicURL, addresses: addresses)
        self.authenticator = authenticator
        self.database = database
        self.clock = clock
        self.logger = logger
        assets = AssetRoutes(web.assets)
        let control = AdminControl(ask: control)
        self.control = control
        operatorPages = AdminRoutes(
            pages: web.pages, sessions: sessions, control: control,
            reader: AdminReader(database: database, control: control, lag: lag, clock: clock), database: database,
            isLoopback: publicURL.isLoopback, clock: clock, logger: logger)
    }

    /// Of each listener.
    func shared(hasWeb: Bool, hasAdmin: Bool) -> [Route] {
        let doors = SessionRoutes(
            sessions: sessions, authenticator: authenticator, pages: web.pages, logger: logger, admins: hasAdmin, athletes: hasWeb)
        return assets.routes + doors.routes
    }

    /// Of the operator's listener.
    var admin: [Route] { operatorPages.routes }

    /// When the rest of an athlete's history will be here, as `fitnessctl explain` tells it; nil: the control API has not answered.
    func forecast(_ athlete: AthleteID) async -> HistoryForecast? {
        do {
            let explanation: ExplanationMessage = try await control.read(ControlTarget(.explanation, athlete: athlete.rawValue))
            return explanation.completion.map {
                HistoryForecast(now: explanation.at, completesAt: $0.completesAt, unknownBecause: $0.unknownBecause)
            }
        } catch {
            if !(error is CancellationError) { logger.log(.warning, "a page says nothing of when a history will be complete", error) }
            return nil
        }
    }

    /// An admin who looks at the pages of the athlete whom the path names, without their forms; places only with a session. Nil: nobody who may.
    func lookingAdmin(_ request: Request, _ context: GatewayContext) async throws -> AthleteVisitor? {
        let admin: AdminVisitor?
        do { admin = try await operatorPages.visitor(request, context) } catch is SignInFirst { return nil }
        guard let number = context.parameters.get("athlete").flatMap({ Int64($0) }),
            try await !database.query("SELECT FROM sync.athlete WHERE athlete_id = \(number)").isEmpty
        else { throw HTTPError(.notFound) }
        return AthleteVisitor(athlete: AthleteID(number), showsPlaces: admin != nil, csrf: "")
    }
}
