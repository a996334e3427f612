package io.sosia.appliance.partition;

import static io.sosia.appliance.partition.Step.Place.ARBITER;
import static io.sosia.appliance.partition.Step.Place.BACKUP;
import static io.sosia.appliance.partition.Step.Place.PRIMARY;

import io.sosia.appliance.partition.Row.Outcome;
import io.sosia.appliance.partition.Step.Await;
import io.sosia.appliance.partition.Step.AwaitAlarm;
import io.sosia.appliance.partition.Step.AwaitDiskError;
import io.sosia.appliance.partition.Step.AwaitGrant;
import io.sosia.appliance.partition.Step.AwaitProtection;
import io.sosia.appliance.partition.Step.AwaitRenunciation;
import io.sosia.appliance.partition.Step.AwaitWords;
import io.sosia.appliance.partition.Step.Cut;
import io.sosia.appliance.partition.Step.EmptyDisk;
import io.sosia.appliance.partition.Step.FillDisk;
import io.sosia.appliance.partition.Step.Heal;
import io.sosia.appliance.partition.Step.Kill;
import io.sosia.appliance.partition.Step.LoseStorage;
import io.sosia.appliance.partition.Step.NewRun;
import io.sosia.appliance.partition.Step.Order;
import io.sosia.appliance.partition.Step.Place;
import io.sosia.appliance.partition.Step.PowerLoss;
import io.sosia.appliance.partition.Step.RefuseWrites;
import io.sosia.appliance.partition.Step.Start;
import io.sosia.appliance.partition.Step.TakeWrites;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The matrix.
final class Rows {

    private static final Outcome PRIMARY_KEPT = new Outcome("PROTECTED", "READY", Optional.of(PRIMARY));
    private static final Outcome ROLES_CHANGED = new Outcome("READY", "PROTECTED", Optional.of(BACKUP));
    private static final Outcome PRIMARY_ALONE = new Outcome("SOLO", "STANDBY", Optional.of(PRIMARY));
    private static final Outcome BACKUP_ALONE = new Outcome("STANDBY", "SOLO", Optional.of(BACKUP));
    private static final Outcome PRIMARY_FROZEN = new Outcome("FROZEN", "SOLO", Optional.of(BACKUP));

    private Rows() {}

    static List<Row> all() {
        return Stream.of(disks(), writes(), deaths(), cuts(), arbiterAway(), arbiterHalfAway(), renunciations(), owners(), operators())
                .flatMap(List::stream).toList();
    }

    private static List<Row> deaths() {
        return List.of(
                row("primary dies", List.of(new Kill(PRIMARY)), nobodyBut(BACKUP, "DEAD", "SOLO"),
                        List.of(new Start(PRIMARY)), List.of(ROLES_CHANGED)),
                row("backup dies", List.of(new Kill(BACKUP)), nobodyBut(PRIMARY, "SOLO", "DEAD"),
                        List.of(new Start(BACKUP)), List.of(PRIMARY_KEPT)));
    }

    private static List<Row> cuts() {
        List<Step> healed = List.of(new Heal(PRIMARY, BACKUP), new Heal(PRIMARY, ARBITER));
        return List.of(
                row("link cut, both see the arbiter", between(PRIMARY, BACKUP), List.of(PRIMARY_ALONE, BACKUP_ALONE),
                        healed, List.of(PRIMARY_KEPT, ROLES_CHANGED)),
                row("link cut, from the primary to the backup only", List.of(new Cut(PRIMARY, BACKUP)),
                        List.of(PRIMARY_ALONE, BACKUP_ALONE), healed, List.of(PRIMARY_KEPT, ROLES_CHANGED)),
                row("link cut, from the backup to the primary only", List.of(new Cut(BACKUP, PRIMARY)),
                        List.of(PRIMARY_ALONE, BACKUP_ALONE), healed, List.of(PRIMARY_KEPT, ROLES_CHANGED)),
                row("primary cut off from both", both(between(PRIMARY, BACKUP), between(PRIMARY, ARBITER)),
                        List.of(PRIMARY_FROZEN), both(healed, List.of(new AwaitWords(PRIMARY, "->HALTED .*refused"))),
                        List.of(ROLES_CHANGED)),
                row("nothing the primary sends arrives anywhere", List.of(new Cut(PRIMARY, BACKUP), new Cut(PRIMARY, ARBITER)),
                        List.of(PRIMARY_FROZEN), healed, List.of(ROLES_CHANGED)),
                row("nothing arrives at the primary", List.of(new Cut(BACKUP, PRIMARY), new Cut(ARBITER, PRIMARY)),
                        List.of(PRIMARY_FROZEN, new Outcome("FROZEN", "STANDBY", Optional.empty())), healed,
                        List.of(PRIMARY_KEPT, ROLES_CHANGED)),
                row("backup cut off from both", both(between(PRIMARY, BACKUP), between(BACKUP, ARBITER)),
                        nobodyBut(PRIMARY, "SOLO", "FROZEN"),
                        List.of(new Heal(PRIMARY, BACKUP), new Heal(BACKUP, ARBITER), new AwaitWords(BACKUP, "->HALTED .*refused")),
                        List.of(PRIMARY_KEPT)));
    }

    private static List<Row> arbiterAway() {
        return List.of(
                row("arbiter down only", List.of(new Kill(ARBITER), new AwaitAlarm(PRIMARY, true), new AwaitAlarm(BACKUP, true)),
                        List.of(PRIMARY_KEPT),
                        List.of(new Start(ARBITER), new AwaitAlarm(PRIMARY, false), new AwaitAlarm(BACKUP, false)),
                        List.of(PRIMARY_KEPT)),
                row("arbiter down, then at once the backup dies", List.of(new Kill(ARBITER), new Kill(BACKUP)),
                        nobody("FROZEN", "DEAD"),
                        List.of(new Start(ARBITER), new Await(PRIMARY, "SOLO"), new Start(BACKUP)), List.of(PRIMARY_KEPT)),
                row("arbiter down, then at once the primary dies", List.of(new Kill(ARBITER), new Kill(PRIMARY)),
                        nobody("DEAD", "FROZEN"),
                        List.of(new Start(ARBITER), new Await(BACKUP, "SOLO"), new Start(PRIMARY)), List.of(ROLES_CHANGED)),
                row("arbiter down and at once the link cut", both(List.of(new Kill(ARBITER)), between(PRIMARY, BACKUP)),
                        nobody("FROZEN", "FROZEN"), List.of(new Start(ARBITER), new Heal(PRIMARY, BACKUP)),
                        List.of(PRIMARY_KEPT, ROLES_CHANGED)));
    }

    private static List<Row> arbiterHalfAway() {
        return List.of(
                row("arbiter unreachable from the primary only, then the backup dies",
                        both(between(PRIMARY, ARBITER), List.of(new Kill(BACKUP))), nobody("FROZEN", "DEAD"),
                        List.of(new Heal(PRIMARY, ARBITER), new Await(PRIMARY, "SOLO"), new Start(BACKUP)), List.of(PRIMARY_KEPT)),
                row("arbiter unreachable from the backup only, then the primary dies",
                        both(between(BACKUP, ARBITER), List.of(new Kill(PRIMARY))), nobody("DEAD", "FROZEN"),
                        List.of(new Heal(BACKUP, ARBITER), new Await(BACKUP, "SOLO"), new Start(PRIMARY)), List.of(ROLES_CHANGED)));
    }

    /// Neither node reaches the arbiter, and the backup has said that it will not claim.
    private static List<Row> renunciations() {
        List<Step> renounced = List.of(new Kill(ARBITER), new AwaitRenunciation(true));
        return List.of(
                row("arbiter down, the backup renounces, then it dies", both(renounced, List.of(new Kill(BACKUP))),
                        nobodyBut(PRIMARY, "RELYING", "DEAD"),
                        List.of(new Start(ARBITER), new Await(PRIMARY, "SOLO"), new Start(BACKUP)), List.of(PRIMARY_KEPT)),
                row("arbiter down, the backup renounces, then the link is cut", both(renounced, between(PRIMARY, BACKUP)),
                        nobodyBut(PRIMARY, "RELYING", "DRAINING"), List.of(new Start(ARBITER), new Heal(PRIMARY, BACKUP)),
                        List.of(PRIMARY_KEPT)),
                row("arbiter down, the backup renounces, the primary dies, the arbiter returns",
                        both(renounced, List.of(new Kill(PRIMARY), new Start(ARBITER), new AwaitAlarm(BACKUP, false))),
                        nobody("DEAD", "DRAINING"), List.of(new NewRun(), new Start(PRIMARY)), List.of(PRIMARY_KEPT)),
                row("arbiter down, the backup renounces, the arbiter returns, then the primary dies",
                        both(renounced, List.of(new Start(ARBITER), new AwaitRenunciation(false), new Kill(PRIMARY))),
                        nobodyBut(BACKUP, "DEAD", "SOLO"), List.of(new Start(PRIMARY)), List.of(ROLES_CHANGED)));
    }

    /// They come first: a disk is full at the next write only while most of it has no room yet, which a boot from the start of
    /// the disk, or a resync that writes all over it, changes.
    private static List<Row> disks() {
        return List.of(
                row("primary's disk is full", List.of(new FillDisk(PRIMARY)), nobodyBut(BACKUP, "DEAD", "SOLO"),
                        List.of(new EmptyDisk(PRIMARY), new Start(PRIMARY)), List.of(ROLES_CHANGED)),
                row("backup's disk is full", List.of(new FillDisk(BACKUP), new AwaitWords(BACKUP, "READY->HALTED .*disk")),
                        nobodyBut(PRIMARY, "SOLO|SYNCING", ".*"), List.of(new EmptyDisk(BACKUP), new Start(BACKUP)),
                        List.of(PRIMARY_KEPT)),
                row("SOLO, and the disk is full",
                        List.of(new Kill(BACKUP), new Await(PRIMARY, "SOLO"), new FillDisk(PRIMARY), new AwaitDiskError()),
                        nobodyBut(PRIMARY, "SOLO", "DEAD"), List.of(new EmptyDisk(PRIMARY), new Start(BACKUP)),
                        List.of(PRIMARY_KEPT)));
    }

    /// A disk that fails for another reason than being full: nothing that is written is kept, wherever it is to go.
    private static List<Row> writes() {
        return List.of(
                row("primary's disk refuses every write", List.of(new RefuseWrites(PRIMARY)), nobodyBut(BACKUP, "DEAD", "SOLO"),
                        List.of(new Start(PRIMARY)), List.of(ROLES_CHANGED)),
                row("backup's disk refuses every write",
                        List.of(new RefuseWrites(BACKUP), new AwaitWords(BACKUP, "READY->HALTED .*disk")),
                        nobodyBut(PRIMARY, "SOLO", "DEAD"), List.of(new Start(BACKUP)),
                        List.of(PRIMARY_KEPT)),
                row("SOLO, and the disk refuses every write",
                        List.of(new Kill(BACKUP), new Await(PRIMARY, "SOLO"), new RefuseWrites(PRIMARY), new AwaitDiskError()),
                        nobodyBut(PRIMARY, "SOLO", "DEAD"), List.of(new TakeWrites(PRIMARY), new Start(BACKUP)),
                        List.of(PRIMARY_KEPT)),
                row("arbiter's disk refuses every write, then the backup dies", List.of(new RefuseWrites(ARBITER), new Kill(BACKUP)),
                        nobody("FROZEN", "DEAD"),
                        List.of(new TakeWrites(ARBITER), new Start(ARBITER), new Await(PRIMARY, "SOLO"), new Start(BACKUP)),
                        List.of(PRIMARY_KEPT)));
    }

    /// Nobody has the machine's memory any more but, perhaps, a node that may not go on: only the owner boots, from its disk.
    private static List<Row> owners() {
        List<Step> grantedThenDead = both(between(PRIMARY, BACKUP), between(BACKUP, ARBITER));
        List<Step> refusedBackup = List.of(new Kill(PRIMARY), new Heal(BACKUP, ARBITER), new Heal(PRIMARY, ARBITER),
                new AwaitWords(BACKUP, "->HALTED .*refused"));
        List<Step> ownerBoots = List.of(new Heal(PRIMARY, BACKUP), new NewRun(), new Start(PRIMARY));
        return List.of(
                row("a claim is granted to the primary, which dies at once",
                        both(both(grantedThenDead, List.of(new AwaitGrant(PRIMARY))), refusedBackup), nobody("DEAD", "STANDBY"),
                        ownerBoots, List.of(PRIMARY_KEPT)),
                new Row("a claim is granted to the primary, which dies before it hears of it",
                        both(both(grantedThenDead, List.of(new Cut(ARBITER, PRIMARY), new AwaitGrant(PRIMARY))), refusedBackup),
                        nobody("DEAD", "STANDBY"), ownerBoots, List.of(PRIMARY_KEPT), true),
                row("SOLO owner dies, its old partner returns",
                        List.of(new Kill(BACKUP), new Await(PRIMARY, "SOLO"), new Kill(PRIMARY), new Start(BACKUP)),
                        nobody("DEAD", "STANDBY"), List.of(new NewRun(), new Start(PRIMARY)), List.of(PRIMARY_KEPT)),
                row("power loss of both, the other node returns first",
                        List.of(new PowerLoss(), new Start(BACKUP)), nobody("DEAD", "STANDBY"),
                        List.of(new NewRun(), new Start(PRIMARY)), List.of(PRIMARY_KEPT)),
                row("power loss of both, the owner returns alone",
                        List.of(new PowerLoss(), new NewRun(), new Start(PRIMARY)),
                        nobodyBut(PRIMARY, "SOLO", "DEAD"), List.of(new Start(BACKUP)), List.of(PRIMARY_KEPT)));
    }

    /// What only an operator can end.
    private static List<Row> operators() {
        return List.of(
                row("SOLO owner is lost, its old partner returns, an operator overrides",
                        List.of(new Kill(BACKUP), new Await(PRIMARY, "SOLO"), new Kill(PRIMARY), new NewRun(), new Start(BACKUP),
                                new Await(BACKUP, "STANDBY"), new Order("override", BACKUP)),
                        nobodyBut(BACKUP, "DEAD", "SOLO"), List.of(new Start(PRIMARY)), List.of(ROLES_CHANGED)),
                row("arbiter's storage lost", List.of(new LoseStorage()), List.of(PRIMARY_KEPT),
                        List.of(new Order("reinit", PRIMARY), new AwaitProtection()), List.of(PRIMARY_KEPT)),
                row("arbiter's storage lost, then the backup dies", List.of(new LoseStorage(), new Kill(BACKUP)),
                        nobody("FROZEN", "DEAD"), List.of(new Order("reinit", PRIMARY), new Await(PRIMARY, "SOLO"), new Start(BACKUP)),
                        List.of(PRIMARY_KEPT)));
    }

    private static Row row(String fault, List<Step> steps, List<Outcome> outcome, List<Step> healing, List<Outcome> healed) {
        return new Row(fault, steps, outcome, healing, healed, false);
    }

    private static List<Step> between(Place one, Place other) {
        return List.of(new Cut(one, other), new Cut(other, one));
    }

    private static List<Step> both(List<Step> first, List<Step> then) {
        List<Step> all = new ArrayList<>(first);
        all.addAll(then);
        return List.copyOf(all);
    }

    private static List<Outcome> nobodyBut(Place serves, String primary, String backup) {
        return List.of(new Outcome(primary, backup, Optional.of(serves)));
    }

    private static List<Outcome> nobody(String primary, String backup) {
        return List.of(new Outcome(primary, backup, Optional.empty()));
    }
}
