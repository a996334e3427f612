package io.sosia.witness.client;

import io.sosia.witness.identity.Credentials;
import io.sosia.witness.identity.RaftTls;
import io.sosia.witness.wire.GroupName;
import io.sosia.witness.wire.QueryCodec;
import io.sosia.witness.wire.QueryReply;
import io.sosia.witness.wire.WireFormatException;
import io.sosia.witness.wire.WitnessQuery;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.client.RaftClient;
import org.apache.ratis.client.RaftClientConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerProto;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.protocol.GroupInfoReply;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.retry.RetryPolicies;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.thirdparty.io.grpc.StatusRuntimeException;
import org.apache.ratis.util.TimeDuration;

/// Who the members of a witness are, and the change of them, one at a time. Every change is one entry of the Raft log
/// that most of the old and most of the new members hold; pairs go on claiming meanwhile.
public final class WitnessMembership {
    private static final RaftGroupId GROUP = RaftGroupId.valueOf(GroupName.ID);
    private static final int RETRIES = 5;
    private static final long RETRY_SLEEP_MILLIS = 500;

    private WitnessMembership() {}

    /// How members are asked.
    ///
    /// @param patience    how long one attempt may take
    /// @param credentials who asks, for which a member of the witness will do; empty when nothing is encrypted
    public record Asking(Duration patience, Optional<Credentials> credentials) {}

    /// One member.
    ///
    /// @param id its name and a random part, given at its birth
    /// @param address `host:port` where the others find it
    public record Member(String id, String address) {
        private RaftPeer peer() {
            return RaftPeer.newBuilder().setId(id).setAddress(address).build();
        }

        private boolean isCalled(String idOrName) {
            return id.equals(idOrName) || id.substring(0, Math.max(0, id.lastIndexOf('-'))).equals(idOrName);
        }
    }

    /// What one member says of its group.
    ///
    /// @param self the member that was asked
    /// @param role `leader`, `follower`, `candidate` or `joining`
    /// @param leader the id of the leader, when the member knows one
    /// @param members all of the group; empty while the member is joining
    /// @param refused connections and requests it has turned away; empty when it does not say
    public record View(Member self, String role, Optional<String> leader, List<Member> members, OptionalLong refused) {
        public View {
            members = List.copyOf(members);
        }
    }

    /// Asks one member, whether or not it has a leader.
    ///
    /// @throws IOException when it does not answer
    public static View ask(WitnessAddress address, Asking how) throws IOException {
        RaftPeer peer = RaftPeer.newBuilder()
                .setId(address.toString())
                .setAddress(address.toString())
                .build();
        try (RaftClient client = client(List.of(peer), how)) {
            GroupInfoReply reply = client.getGroupManagementApi(peer.getId()).info(GROUP);
            return view(reply, refused(client, peer.getId()));
        } catch (StatusRuntimeException refused) {
            // Ratis translates those of claims, not those of this question.
            throw new IOException(address + " does not answer: " + refused.getMessage(), refused);
        }
    }

    /// Adds the member that was initialised to join and runs at `joining`. Returns when the group is made of it too.
    /// Asked again for a member it has already it changes nothing.
    ///
    /// @param through where any member of the group listens
    /// @param how with patience: the new member is first sent all the others know
    /// @throws IOException when the change was not made, or it is not known whether it was: ask for the members
    public static View add(WitnessAddress through, WitnessAddress joining, Asking how) throws IOException {
        View before = ask(through, how);
        View newcomer = ask(joining, how);
        Member member = new Member(newcomer.self().id(), joining.toString());
        if (before.members().contains(member)) {
            return before;
        }
        if (!newcomer.members().isEmpty()) {
            throw new IOException("the member at " + joining + " (" + member.id() + ") is in a group already: "
                    + newcomer.members() + ". Only one made by 'sosia witness init --join' can be added");
        }
        for (Member other : before.members()) {
            if (other.address().startsWith("0.0.0.0:") || other.address().endsWith(":0")) {
                throw new IOException("member " + other.id() + " was initialised with the address " + other.address()
                        + ", where a new member cannot find it. It was to be named by the key `address`");
            }
        }
        List<Member> after = new ArrayList<>(before.members());
        after.add(member);
        change(before, after, how);
        return ask(through, how);
    }

    /// Removes a member; it may be dead. Ends the one removed, if it runs.
    ///
    /// @param through where any member that stays listens
    /// @param idOrName its id, or its name when no other member has the same
    /// @throws IOException when there is no such member, it is the last, or the change was not made or is not known to be
    public static View remove(WitnessAddress through, String idOrName, Asking how) throws IOException {
        View before = ask(through, how);
        List<Member> called =
                before.members().stream().filter(member -> member.isCalled(idOrName)).toList();
        if (called.size() != 1) {
            throw new IOException((called.isEmpty() ? "no member is" : "several members are") + " called '" + idOrName
                    + "'. Members: " + before.members());
        }
        if (before.members().size() == 1) {
            throw new IOException("'" + idOrName + "' is the only member: without it nothing is known of any pair");
        }
        if (called.getFirst().id().equals(before.self().id())) {
            throw new IOException("'" + idOrName + "' cannot be removed through itself: ask a member that stays");
        }
        List<Member> after = new ArrayList<>(before.members());
        after.removeAll(called);
        change(before, after, how);
        return ask(through, how);
    }

    private static void change(View before, List<Member> after, Asking how) throws IOException {
        List<RaftPeer> old = before.members().stream().map(Member::peer).toList();
        try (RaftClient client = client(old, how)) {
            RaftClientReply reply = client.admin()
                    .setConfiguration(SetConfigurationRequest.Arguments.newBuilder()
                            .setServersInCurrentConf(old)
                            .setServersInNewConf(
                                    after.stream().map(Member::peer).toList())
                            .setMode(SetConfigurationRequest.Mode.COMPARE_AND_SET)
                            .build());
            if (reply.getException() != null) {
                throw reply.getException();
            }
            if (!reply.isSuccess()) {
                throw new IOException("the witness did not change its members: " + reply);
            }
        }
    }

    private static RaftClient client(List<RaftPeer> peers, Asking how) {
        RaftProperties properties = new RaftProperties();
        RaftClientConfigKeys.Rpc.setRequestTimeout(properties, millis(how.patience().toMillis()));
        return RaftClient.newBuilder()
                .setRaftGroup(RaftGroup.valueOf(GROUP, peers))
                .setProperties(properties)
                .setParameters(RaftTls.parameters(how.credentials()))
                .setRetryPolicy(
                        RetryPolicies.retryUpToMaximumCountWithFixedSleep(RETRIES, millis(RETRY_SLEEP_MILLIS)))
                .build();
    }

    /// A member that has joined no group yet does not say, nor does one of an older release.
    private static OptionalLong refused(RaftClient client, RaftPeerId member) {
        byte[] query = QueryCodec.encode(new WitnessQuery.Refusals());
        try {
            RaftClientReply reply = client.io()
                    .sendStaleRead(Message.valueOf(UnsafeByteOperations.unsafeWrap(query)), 0, member);
            if (!reply.isSuccess()) {
                return OptionalLong.empty();
            }
            return QueryCodec.decodeReply(reply.getMessage().getContent().toByteArray()) instanceof QueryReply.Refused(long count)
                    ? OptionalLong.of(count) : OptionalLong.empty();
        } catch (IOException | WireFormatException doesNotSay) {
            return OptionalLong.empty();
        }
    }

    private static View view(GroupInfoReply reply, OptionalLong refused) {
        RoleInfoProto role = reply.getRoleInfoProto();
        Member self = member(role.getSelf());
        List<Member> members = reply.getConf().map(RaftConfigurationProto::getPeersList).orElse(List.of()).stream()
                .map(WitnessMembership::member)
                .toList();
        if (members.stream().noneMatch(member -> member.id().equals(self.id()))) {
            return new View(self, "joining", Optional.empty(), members, refused);
        }
        return switch (role.getRole()) {
            case LEADER -> new View(self, "leader", Optional.of(self.id()), members, refused);
            case CANDIDATE -> new View(self, "candidate", Optional.empty(), members, refused);
            case FOLLOWER, LISTENER -> {
                String leader = role.getFollowerInfo().getLeaderInfo().getId().getId().toStringUtf8();
                yield new View(self, "follower", Optional.of(leader).filter(id -> !id.isEmpty()), members, refused);
            }
            case UNRECOGNIZED -> throw new IllegalStateException("a role Ratis does not know itself");
        };
    }

    private static Member member(RaftPeerProto peer) {
        return new Member(peer.getId().toStringUtf8(), peer.getAddress());
    }

    private static TimeDuration millis(long count) {
        return TimeDuration.valueOf(count, TimeUnit.MILLISECONDS);
    }
}
