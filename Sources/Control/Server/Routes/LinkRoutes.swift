import ControlAPI
import Core
import Hummingbird
import Identity

/// Where the daemon's pages are.
public struct PageAddresses: Sendable {
    /// The operator's, as `http://127.0.0.1:8081/`; nil: they are off.
    let admin: String?
    /// The athletes', without a trailing slash; nil: they are off.
    let athletes: String?

    public init(admin: String?, athletes: String?) {
        self.admin = admin
        self.athletes = athletes
    }
}

/// Links that begin a session in a browser. The account that asks for one answers for what an admin's session does.
extension ControlRoutes {
    /// - Parameter athlete: nil: for the operator's pages.
    func link(_ athlete: Int64?, _ request: Request, by peer: ControlPeer) async throws -> PageLinkMessage {
        if let athlete { return try await athleteLink(athlete, request, by: peer) }
        return try await adminLink(request, by: peer)
    }

    private func adminLink(_ request: Request, by peer: ControlPeer) async throws -> PageLinkMessage {
        let body: AdminLinkRequest = try await RequestReading.message(request, ifEmpty: AdminLinkRequest(forS: nil))
        let lasts_s = body.forS ?? WebSessionDesk.adminLastsDefault_s
        guard AdminLinkRequest.forRange_s.contains(lasts_s) else {
            throw ControlRefusal.badRequest(
                "for_s must be from \(AdminLinkRequest.forRange_s.lowerBound) to \(AdminLinkRequest.forRange_s.upperBound) seconds")
        }
        guard let place = dependencies.pages.admin else {
            throw ControlRefusal(
                .unavailable, "the operator's pages are off: set FITNESSD_ADMIN_LISTEN to an address such as 127.0.0.1:8081")
        }
        let link = try await webSessions.makeAdminLink(lasts_s: lasts_s, userID: peer.userID, userName: peer.name)
        return message(link, at: place)
    }

    private func athleteLink(_ athlete: Int64, _ request: Request, by peer: ControlPeer) async throws -> PageLinkMessage {
        let body: AthleteLinkRequest = try await RequestReading.message(request, ifEmpty: AthleteLinkRequest(days: nil))
        let days = body.days ?? WebSessionDesk.athleteDaysDefault
        guard AthleteLinkRequest.daysRange.contains(days) else {
            throw ControlRefusal.badRequest(
                "days must be from \(AthleteLinkRequest.daysRange.lowerBound) to \(AthleteLinkRequest.daysRange.upperBound)")
        }
        guard let place = dependencies.pages.athletes else {
            throw ControlRefusal(
                .unavailable, "the pages for athletes are off: set FITNESSD_HTTP_LISTEN to an address such as 127.0.0.1:8080")
        }
        let made = try await webSessions.makeLink(for: AthleteID(athlete), days: days, userID: peer.userID, userName: peer.name)
        guard let made else { throw ControlRefusal.noAthlete(athlete) }
        return message(made, at: place + "/")
    }

    private func message(_ link: WebSessionDesk.Link, at place: String) -> PageLinkMessage {
        PageLinkMessage(url: "\(place)enter?link=\(link.secret.secret.reveal())", expiresAt: link.expiresAt, lastsS: link.lasts_s)
    }

    private var webSessions: WebSessionDesk { WebSessionDesk(database: dependencies.database, clock: dependencies.clock) }
}
