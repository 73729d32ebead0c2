# Opens TCP connections from ports that mark them, all at once, and drops each as soon as it is open: nothing is sent, and none lingers.
#
# Input: CONNECTIONS  `ADDRESS PORT FIRST-LAST`, a line each: from which own ports it is tried
#        LIMIT_SECONDS  that an answer may take
# Prints `ADDRESS PORT FROM open|refused|silent|unsent|REASON`, a line for each try; unsent: its own port is in use, or was a moment ago.
use strict;
use warnings;
use Errno;
use Fcntl;
use POSIX ();
use Socket;

# Seconds since some moment, finer than `time` has them; perl-base has nothing else that is.
sub now { return (POSIX::times())[0] / POSIX::sysconf(POSIX::_SC_CLK_TCK()) }

my %waiting;

sub result {
    my ($try, $said) = @_;
    print "$try->{name} $said\n";
    close $try->{socket};
}

for (split /\n/, $ENV{CONNECTIONS}) {
    my ($address, $port, $ports) = split / /;
    my ($first, $last) = split /-/, $ports;
    for my $from ($first .. $last) {
        socket my $socket, PF_INET, SOCK_STREAM, 0 or die "No socket: $!\n";
        my $try = { name => "$address $port $from", socket => $socket };
        setsockopt $socket, SOL_SOCKET, SO_REUSEADDR, 1;
        # Closed by a reset: this port is free again at once.
        setsockopt $socket, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
        fcntl $socket, F_SETFL, O_NONBLOCK;
        if (!bind $socket, sockaddr_in($from, INADDR_ANY)) { result($try, 'unsent'); next }
        if (connect $socket, sockaddr_in($port, inet_aton($address))) { result($try, 'open') }
        elsif ($!{EINPROGRESS})   { $waiting{ fileno $socket } = $try }
        elsif ($!{EADDRNOTAVAIL}) { result($try, 'unsent') }
        else                      { result($try, lc "$!") }
    }
}

my $end = now() + $ENV{LIMIT_SECONDS};
while (%waiting and (my $left = $end - now()) > 0) {
    my $ready = '';
    vec($ready, $_, 1) = 1 for keys %waiting;
    last unless select undef, $ready, undef, $left;
    for (grep { vec $ready, $_, 1 } keys %waiting) {
        my $try = delete $waiting{$_};
        $! = unpack 'i', getsockopt $try->{socket}, SOL_SOCKET, SO_ERROR;
        result($try, $!{ECONNREFUSED} ? 'refused' : $! ? lc "$!" : 'open');
    }
}
result($_, 'silent') for values %waiting;
