# Looks at what passes this machine's legs, and asks who has which address there. It changes nothing: it reads copies of packets, and its
# questions are ARP probes (RFC 5227), which nobody learns from. Debian's perl-base is enough for it.
#
# Input: LEGS      interfaces that are watched, commas between
#        MARKS     the TCP ports that connections of the proof are opened from, FIRST-LAST
#        EXPECTED  what is to pass: `INTERFACE in|out request|answer FIRST-LAST`, a line each; the watch ends when all of it has passed
#        ASK       `INTERFACE ADDRESS`, a line each: who answers for that address
#        LIMIT_SECONDS  that the watch lasts at most; SIGTERM ends it, too
# Says "ready PROCESS" on stderr once it looks. Prints, a line each:
#   packet INTERFACE in|out request|answer PORT SOURCE DESTINATION PEER-MAC FLAGS   the marked packets, each kind once
#   data INTERFACE DESTINATION PORT COUNT   other TCP packets with data that leave with an address of this machine's
#   arp INTERFACE ADDRESS MAC               answers
#   lost COUNT                              packets that went by while nobody looked
use strict;
use warnings;
use POSIX ();
use Socket;

# linux/if_packet.h, linux/if_ether.h
my ($AF_PACKET, $ALL, $ARP, $OTHERS, $OUTGOING, $SOL_PACKET, $STATISTICS, $RCVBUFFORCE) = (17, 3, 0x0806, 3, 4, 263, 6, 33);

# Seconds since some moment, finer than `time` has them; perl-base has nothing else that is.
sub now { return (POSIX::times())[0] / POSIX::sysconf(POSIX::_SC_CLK_TCK()) }

my %leg;
for my $name (split /,/, $ENV{LEGS}) {
    open my $file, '<', "/sys/class/net/$name/ifindex" or next;
    chomp(my $index = <$file>);
    open $file, '<', "/sys/class/net/$name/address" or next;
    chomp(my $mac = <$file>);
    $mac =~ tr/://d;
    $leg{$index} = { name => $name, index => $index, mac => $mac };
}
my ($first, $last) = split /-/, $ENV{MARKS};

my %missing;
for (split /\n/, $ENV{EXPECTED}) {
    my ($interface, $way, $kind, $ports) = split / /;
    my ($from, $to) = split /-/, $ports;
    $missing{"$interface $way $kind $_"} = 1 for $from .. $to;
}

socket my $wire, $AF_PACKET, SOCK_RAW, unpack('n', pack 'S', $ALL) or die "No packet socket: $!\n";
setsockopt $wire, SOL_SOCKET, $RCVBUFFORCE, pack 'i', 8 << 20;

sub ask {
    for (split /\n/, $ENV{ASK}) {
        my ($interface, $address) = split / /;
        my ($own) = grep { $_->{name} eq $interface } values %leg or next;
        my $mac = pack 'H12', $own->{mac};
        my $frame = pack('a6a6n', "\xff" x 6, $mac, $ARP)
          . pack('nnCCna6a4a6a4', 1, 0x0800, 6, 4, 1, $mac, "\0" x 4, "\0" x 6, inet_aton($address));
        send $wire, $frame, 0, pack 'SniSCCa8', $AF_PACKET, $ARP, $own->{index}, 1, 0, 6, "\xff" x 6;
    }
}

my (%packets, %data, %arp);

sub tcp {
    my ($leg, $way, $peer, $packet) = @_;
    my ($head, $protocol, $source, $destination) = unpack 'C x8 C x2 a4 a4', $packet;
    return unless $protocol == 6 and ($head >> 4) == 4;
    my ($from, $to, $offset, $flags) = unpack 'x' . 4 * ($head & 15) . 'n n x8 C C', $packet;
    return unless defined $flags;
    ($source, $destination) = (inet_ntoa($source), inet_ntoa($destination));
    my ($kind, $mark) =
        $from >= $first && $from <= $last ? ('request', $from)
      : $to >= $first   && $to <= $last   ? ('answer',  $to)
      :                                     ();
    if (defined $kind) {
        delete $missing{"$leg->{name} $way $kind $mark"};
        my $set = $flags & 4 ? 'reset' : $flags & 2 ? 'open' : 'more';
        $packets{"$leg->{name} $way $kind $mark $source $destination $peer $set"}++;
    }
    elsif ($way eq 'out' and $flags & 8 and keys %data < 500) {
        $data{"$leg->{name} $destination $to"}++;
    }
}

sub look {
    my $from = recv $wire, my $frame, 65536, 0 or return;
    my (undef, undef, $index, undef, $type) = unpack 'SniSC', $from;
    my $leg = $leg{$index} or return;
    return if $type == $OTHERS;
    my ($target, $sender, $protocol) = unpack 'H12 H12 n', $frame;
    my ($way, $peer) = $type == $OUTGOING ? ('out', $target) : ('in', $sender);
    if ($protocol == 0x0800 and length $frame >= 54) { tcp($leg, $way, $peer, substr $frame, 14) }
    elsif ($protocol == $ARP and $way eq 'in' and length $frame >= 42) {
        my ($operation, $mac, $address, $asker) = unpack 'x20 n H12 a4 H12', $frame;
        $arp{"$leg->{name} " . inet_ntoa($address) . " $mac"} = 1 if $operation == 2 and $asker eq $leg->{mac};
    }
}

my $ended;
$SIG{TERM} = sub { $ended = 1 };
my $begun = now();
my @asks = (0, 0.1, 0.2);
print STDERR "ready $$\n";
for (;;) {
    my $passed = now() - $begun;
    if (@asks and $passed >= $asks[0]) { shift @asks; ask() }
    last if $ended or $passed >= $ENV{LIMIT_SECONDS} or (!%missing and $passed >= 0.5);
    vec(my $waiting = '', fileno $wire, 1) = 1;
    look() if select($waiting, undef, undef, 0.05) > 0;
}
print "packet $_ $packets{$_}\n" for sort keys %packets;
print "data $_ $data{$_}\n" for sort keys %data;
print "arp $_\n" for sort keys %arp;
my $statistics = getsockopt $wire, $SOL_PACKET, $STATISTICS;
print 'lost ', (unpack 'II', $statistics)[1], "\n";
